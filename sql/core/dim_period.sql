/* @model
description: >
  Reporting periods from the first day with data to as-of. A year to date begins on 1 January and ends
  at as-of, past ones on 31 December. One row per kind and start.
grain: [period_kind, period_start]
columns:
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  evaluated_on: "Ngày xét: cuối kỳ hoặc hôm nay. Day of judgement: the period's end, or as-of."
  is_provisional: "Tạm tính. Provisional, since the period isn't over."
*/
with bounds as (
    select
        greatest(date '2010-01-01', least(
            (select min(received_on) from core.fct_case where is_accepted and is_centre),
            (select min(decided_on) from core.fct_announcement),
            (select min(due_on) from core.fct_plan_task where is_due),
            (select min(received_on) from core.fct_feedback),
            as_of_on
        )) as first_on,
        as_of_on
    from meta.run_context
),

kinds (period_kind, unit, step) as (
    values
    ('day', 'day', interval 1 day),
    ('week', 'week', interval 7 days),
    ('month', 'month', interval 1 month),
    ('quarter', 'quarter', interval 3 months),
    ('year', 'year', interval 1 year),
    ('ytd', 'year', interval 1 year)
),

starts as (
    select
        k.period_kind,
        k.step,
        b.as_of_on,
        cast(unnest(generate_series(
            cast(date_trunc(k.unit, b.first_on) as timestamp), cast(b.as_of_on as timestamp), k.step
        )) as date) as period_start
    from bounds as b
    cross join kinds as k
),

spans as (
    select
        period_kind,
        period_start,
        case when period_kind = 'ytd' then least(cast(period_start + step as date) - 1, as_of_on)
             else cast(period_start + step as date) - 1 end as period_end,
        as_of_on,
        cast(period_start + step as date) - 1 as closes_on
    from starts
    union all
    select 'campaign', to_day(c.start_on), to_day(c.end_on), b.as_of_on, to_day(c.end_on)
    from seeds.campaigns as c
    cross join bounds as b
    where to_day(c.start_on) <= b.as_of_on and to_day(c.end_on) >= b.first_on
)

select
    period_kind,
    period_start,
    period_end,
    least(period_end, as_of_on) as evaluated_on,
    closes_on >= as_of_on as is_provisional
from spans
