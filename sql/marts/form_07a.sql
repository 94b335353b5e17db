/* @model
description: >
  Form 07a (TT 02/2017, old), "Kết quả giải quyết": how the Centre's cases were received and settled, by
  field; the counts are those of Biểu 06. One row per period and field.
grain: [period_kind, period_start, field_code]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  position: "STT; 0 là dòng tổng. Number of the row; 0 is the total."
  field_code: "Mã lĩnh vực, ALL là tổng. Field; ALL is the total."
  field_name: "Lĩnh vực. Field name."
  received_total_count: "Nhận giải quyết: tổng số. Taken up in all."
  carried_over_count: "Nhận: từ kỳ trước. Carried over."
  received_new_count: "Nhận: mới tiếp nhận. Received in the period."
  settled_total_count: "Đã giải quyết: tổng số. Settled in all."
  settled_on_time_count: "Đã giải quyết: đúng hạn, kể cả trước hạn. In time, early ones included."
  settled_late_count: "Đã giải quyết: quá hạn. After the due day."
  open_total_count: "Đang giải quyết: tổng số. Open in all."
  open_in_time_count: "Đang giải quyết: chưa đến hạn. Open, not yet due, waiting ones included."
  open_late_count: "Đang giải quyết: quá hạn. Open and overdue."
  no_due_count: >-
    Ghi chú dưới biểu: đã giải quyết có kết quả mà không xác định được hạn, ngoài đúng hạn và quá hạn.
    Note under the form: settled with a result without a due day, beside in time and late.
  no_due_open_count: >-
    Ghi chú dưới biểu: trong chưa đến hạn, không xác định được hạn. Note under the form: of not yet due, without a due day.
  supplemented_count: "Bổ sung: hồ sơ bị yêu cầu bổ sung trong kỳ. Cases asked for a supplement in the period."
  sent_back_count: "Trả lại: từ chối sau tiếp nhận, đã tính trong đúng hạn. Refused after acceptance, part of in time."
  is_provisional: "Tạm tính: kỳ chưa hết hoặc lịch nghỉ chưa chính thức. Provisional: not over, or by its calendar."
  rests_on_provisional_calendar: >-
    Có hồ sơ giải quyết trong kỳ hoặc còn mở cuối kỳ mà hạn tính qua năm chưa có lịch nghỉ chính thức.
    A case settled in the period or open at its end has a due day counted through a year without official days off.
*/
with fields as (
    select field_code, min(field_name) as field_name
    from core.dim_procedure
    where field_code is not null
    group by field_code
),

totals as (
    select
        period_kind,
        period_start,
        any_value(period_end) as period_end,
        bool_or(is_running) as is_running,
        sum(provisional_count) > 0 as rests_on_provisional_calendar,
        coalesce(field_code, 'ALL') as field_code,
        cast(sum(carried_count) as bigint) as carried_over_count,
        cast(sum(online_count + direct_count) as bigint) as received_new_count,
        cast(sum(early_count + on_time_count) as bigint) as settled_on_time_count,
        cast(sum(late_count) as bigint) as settled_late_count,
        cast(sum(no_due_count) as bigint) as no_due_count,
        cast(sum(no_due_open_count) as bigint) as no_due_open_count,
        cast(sum(open_count) as bigint) as open_total_count,
        cast(sum(overdue_count) as bigint) as open_late_count,
        cast(sum(supplemented_count) as bigint) as supplemented_count,
        cast(sum(rejected_count) as bigint) as sent_back_count
    from core.form_count
    group by grouping sets ((period_kind, period_start, field_code), (period_kind, period_start))
)

select
    t.period_kind,
    t.period_start,
    t.period_end,
    cast(row_number() over (
        partition by t.period_kind, t.period_start order by t.field_code <> 'ALL', t.field_code
    ) - 1 as integer) as position,
    t.field_code,
    case t.field_code
        when 'ALL' then 'Tổng số'
        when 'UNKNOWN' then 'Không rõ lĩnh vực'
        else coalesce(f.field_name, t.field_code)
    end as field_name,
    t.carried_over_count + t.received_new_count as received_total_count,
    t.carried_over_count,
    t.received_new_count,
    t.settled_on_time_count + t.settled_late_count + t.no_due_count as settled_total_count,
    t.settled_on_time_count,
    t.settled_late_count,
    t.open_total_count,
    t.open_total_count - t.open_late_count as open_in_time_count,
    t.open_late_count,
    t.no_due_count,
    t.no_due_open_count,
    t.supplemented_count,
    t.sent_back_count,
    t.is_running or t.rests_on_provisional_calendar as is_provisional,
    t.rests_on_provisional_calendar
from totals as t
left join fields as f on f.field_code = t.field_code
