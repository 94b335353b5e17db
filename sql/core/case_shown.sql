/* @model
description: >
  What a published case may say of agency, procedure, channel and months, so that at least five cases say
  the same. Cases are split by the month they ended in (open ones are a group), then by agency, procedure,
  channel and month of reception; a part below five joins the other small ones of its group, with the next
  smallest where these are fewer than five together. One row per accepted case of the Centre.
grain: [case_code]
columns:
  case_code: "Mã hồ sơ. Case code."
  agency_code: "Mã cơ quan; OTHER là gộp. Agency code; OTHER is several together."
  agency_name: "Tên cơ quan. Agency name."
  procedure_code: "Mã thủ tục; OTHER là gộp. Procedure code; OTHER is several together."
  procedure_name: "Tên thủ tục. Procedure name."
  field_name: "Lĩnh vực; trống khi thủ tục được gộp. Field; null where procedures stand together."
  channel: "Kênh; trống khi gộp. Channel; null where several stand together."
  received_month_on: "Tháng tiếp nhận; trống khi gộp. Month received; null where several stand together."
  ended_month_on: "Tháng kết thúc; trống khi chưa kết thúc hoặc gộp. Month ended; null while open or merged."
*/
with cases as (
    select
        case_code,
        coalesce(agency_code, '') as agency_code,
        coalesce(procedure_code, '') as procedure_code,
        channel,
        cast(date_trunc('month', received_on) as date) as received_month_on,
        coalesce(cast(date_trunc('month', end_on) as date), date '9999-12-01') as ended_month_on
    from core.fct_case
    where is_centre and is_accepted
),

-- Equal cases once, with their number: a big Centre has ten times as many cases.
kinds as (
    select
        agency_code, procedure_code, channel, received_month_on, ended_month_on,
        cast(count(*) as bigint) as n
    from cases
    group by all
),

parts as (
    select ended_month_on, agency_code, procedure_code, cast(sum(n) as bigint) as n
    from kinds
    group by all
),

month_sizes as (
    select *, sum(n) over (partition by ended_month_on) as size
    from parts
),

months as (
    select * exclude (size),
        case when not is_small_group(size, sum(n) over (order by size, ended_month_on) - size)
             then ended_month_on end as shown_month_on
    from month_sizes
),

agency_sizes as (
    select *, sum(n) over (partition by shown_month_on, agency_code) as size
    from months
),

agencies as (
    select * exclude (size),
        case when not is_small_group(
            size, sum(n) over (partition by shown_month_on order by size, agency_code) - size)
             then agency_code end as shown_agency
    from agency_sizes
),

procedure_sizes as (
    select *, sum(n) over (partition by shown_month_on, shown_agency, procedure_code) as size
    from agencies
),

procedures as (
    select * exclude (size),
        case when not is_small_group(
            size,
            sum(n) over (partition by shown_month_on, shown_agency order by size, procedure_code) - size)
             then procedure_code end as shown_procedure
    from procedure_sizes
),

channel_sizes as (
    select
        k.*, p.shown_month_on, p.shown_agency, p.shown_procedure,
        sum(k.n) over (partition by p.shown_month_on, p.shown_agency, p.shown_procedure, k.channel) as size
    from kinds as k
    join procedures as p
        on p.ended_month_on = k.ended_month_on
        and p.agency_code = k.agency_code
        and p.procedure_code = k.procedure_code
),

channels as (
    select * exclude (size),
        case when not is_small_group(
            size,
            sum(n) over (partition by shown_month_on, shown_agency, shown_procedure order by size, channel) - size)
             then channel end as shown_channel
    from channel_sizes
),

reception_sizes as (
    select *,
        sum(n) over (
            partition by shown_month_on, shown_agency, shown_procedure, shown_channel, received_month_on
        ) as size
    from channels
),

shown as (
    select * exclude (size),
        case when not is_small_group(
            size,
            sum(n) over (
                partition by shown_month_on, shown_agency, shown_procedure, shown_channel
                order by size, received_month_on) - size)
             then received_month_on end as shown_received_on
    from reception_sizes
)

select
    c.case_code,
    coalesce(s.shown_agency, 'OTHER') as agency_code,
    case when s.shown_agency is null then 'Các cơ quan khác (gộp)' else coalesce(a.agency_name, s.shown_agency) end
        as agency_name,
    coalesce(s.shown_procedure, 'OTHER') as procedure_code,
    case when s.shown_procedure is null then 'Các thủ tục khác (gộp)' else p.procedure_name end as procedure_name,
    p.field_name,
    s.shown_channel as channel,
    s.shown_received_on as received_month_on,
    nullif(s.shown_month_on, date '9999-12-01') as ended_month_on
from cases as c
join shown as s
    on s.agency_code = c.agency_code
    and s.procedure_code = c.procedure_code
    and s.channel is not distinct from c.channel
    and s.received_month_on is not distinct from c.received_month_on
    and s.ended_month_on = c.ended_month_on
left join core.dim_agency as a on a.agency_code = s.shown_agency
left join core.dim_procedure as p on p.procedure_code = s.shown_procedure
