/* @model
description: >
  Biểu 06/VPCP/KSTT: how the Centre's cases were received and settled, columns 3 to 13 of the form. Cases
  without a due day that can be derived are in it, too, and told apart. Withdrawn, stopped and
  refused cases stand under "đúng hạn", as the form has it. One row per period and agency.
grain: [period_kind, period_start, agency_code]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  agency_code: "(2) Mã cơ quan, ALL là tổng. Agency; ALL is the total."
  agency_name: "(2) Đơn vị. Agency name."
  agency_group: "Nhóm: A sở, ban, ngành; B cấp huyện; C cấp xã; trống ở dòng tổng. Group on the form; null for the total."
  position: "(1) STT theo nhóm rồi mã; 0 là dòng tổng. Place of the row, by group and code; 0 is the total."
  received_total_count: "(3) Tổng số nhận giải quyết. Taken up in all."
  received_online_count: "(4) Trong kỳ, trực tuyến. Received online in the period."
  received_direct_count: "(5) Trong kỳ, trực tiếp và bưu chính. Received otherwise in the period."
  carried_over_count: "(6) Từ kỳ trước. Carried over."
  settled_total_count: "(7) Tổng số đã giải quyết. Settled in all."
  settled_early_count: "(8) Trước hạn. Before the due day."
  settled_on_time_count: "(9) Đúng hạn. On the due day, or ended without a result."
  settled_late_count: "(10) Quá hạn. After the due day."
  open_total_count: "(11) Tổng số đang giải quyết. Open in all."
  open_in_time_count: "(12) Trong hạn, kể cả chờ bổ sung. Open within the limit, waiting ones included."
  open_late_count: "(13) Quá hạn. Open and overdue."
  no_due_count: >-
    Ghi chú dưới biểu: trong (7) có kết quả mà không xác định được hạn, ngoài (8), (9), (10).
    Note under the form: of (7), settled with a result without a due day, beside (8), (9) and (10).
  no_due_open_count: "Ghi chú dưới biểu: trong (12) không xác định được hạn. Note under the form: of (12), without a due day."
  is_provisional: "Tạm tính: kỳ chưa hết hoặc lịch nghỉ chưa chính thức. Provisional: not over, or by its calendar."
  rests_on_provisional_calendar: >-
    Có hồ sơ giải quyết trong kỳ hoặc còn mở cuối kỳ mà hạn tính qua năm chưa có lịch nghỉ chính thức.
    A case settled in the period or open at its end has a due day counted through a year without official days off.
*/
with totals as (
    select
        period_kind,
        period_start,
        any_value(period_end) as period_end,
        bool_or(is_running) as is_running,
        sum(provisional_count) > 0 as rests_on_provisional_calendar,
        coalesce(agency_code, 'ALL') as agency_code,
        cast(sum(online_count) as bigint) as received_online_count,
        cast(sum(direct_count) as bigint) as received_direct_count,
        cast(sum(carried_count) as bigint) as carried_over_count,
        cast(sum(early_count) as bigint) as settled_early_count,
        cast(sum(on_time_count) as bigint) as settled_on_time_count,
        cast(sum(late_count) as bigint) as settled_late_count,
        cast(sum(no_due_count) as bigint) as no_due_count,
        cast(sum(open_count) as bigint) as open_total_count,
        cast(sum(overdue_count) as bigint) as open_late_count,
        cast(sum(no_due_open_count) as bigint) as no_due_open_count
    from core.form_count
    group by grouping sets ((period_kind, period_start, agency_code), (period_kind, period_start))
),

agencies as (
    select
        agency_code,
        agency_name,
        case kind when 'district' then 'B' when 'commune' then 'C' else 'A' end as agency_group
    from core.dim_agency
)

select
    t.period_kind,
    t.period_start,
    t.period_end,
    t.agency_code,
    case when t.agency_code = 'ALL' then 'Tổng số' else coalesce(a.agency_name, t.agency_code) end
        as agency_name,
    case when t.agency_code <> 'ALL' then coalesce(a.agency_group, 'A') end as agency_group,
    cast(row_number() over (
        partition by t.period_kind, t.period_start
        order by t.agency_code <> 'ALL', coalesce(a.agency_group, 'A'), t.agency_code
    ) - 1 as integer) as position,
    t.received_online_count + t.received_direct_count + t.carried_over_count as received_total_count,
    t.received_online_count,
    t.received_direct_count,
    t.carried_over_count,
    t.settled_early_count + t.settled_on_time_count + t.settled_late_count + t.no_due_count as settled_total_count,
    t.settled_early_count,
    t.settled_on_time_count,
    t.settled_late_count,
    t.open_total_count,
    t.open_total_count - t.open_late_count as open_in_time_count,
    t.open_late_count,
    t.no_due_count,
    t.no_due_open_count,
    t.is_running or t.rests_on_provisional_calendar as is_provisional,
    t.rests_on_provisional_calendar
from totals as t
left join agencies as a on a.agency_code = t.agency_code
