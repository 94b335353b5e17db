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
            -- a typing error may have a case end before it came; its period is there all the same
            (select min(end_on) from core.fct_case where is_accepted and is_centre),
            (select min(decided_on) from core.fct_announcement),
            (select min(due_on) from core.fct_plan_task where is_due),
            (select min(received_on) from core.fct_feedback),
            as_of_on
        )) as first_on,
        as_of_on
    from meta.run_context
),

moments as (
    select as_of_on, unnest(generate_series(
        cast(first_on as timestamp), cast(as_of_on as timestamp), interval 1 day
    )) as moment
    from bounds
),

-- Every day lies in one period of each kind.
starts as (
    select 'day' as period_kind, as_of_on, cast(moment as date) as period_start from moments
    union
    select 'week', as_of_on, cast(date_trunc('week', moment) as date) from moments
    union
    select 'month', as_of_on, cast(date_trunc('month', moment) as date) from moments
    union
    select 'quarter', as_of_on, cast(date_trunc('quarter', moment) as date) from moments
    union
    select 'year', as_of_on, cast(date_trunc('year', moment) as date) from moments
    union
    select 'ytd', as_of_on, cast(date_trunc('year', moment) as date) from moments
),

closed as (
    select
        *,
        case period_kind
            when 'day' then period_start
            when 'week' then period_start + 6
            when 'month' then cast(period_start + interval 1 month as date) - 1
            when 'quarter' then cast(period_start + interval 3 months as date) - 1
            else cast(period_start + interval 1 year as date) - 1
        end as closes_on
    from starts
),

spans as (
    select
        period_kind,
        period_start,
        case when period_kind = 'ytd' then least(closes_on, as_of_on) else closes_on end as period_end,
        as_of_on,
        closes_on
    from closed
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
