/* @model
description: >
  The Centre's cases whose clock ended in the period, and those of them with two or more requests for
  supplements (asked), those that had ended before and stood open again in a later version (reopened), and
  those with either. Reopening is looked for where the whole life was watched: in cases received since the
  warehouse's first load. One row per variant, period and agency.
unit: case
*/
with history as (
    select
        h.case_code, h.valid_from, h.known_from, h.batch_id, h.page_no, h.row_no,
        -- as core.fct_case has it: the clock of what was accepted, and a refusal ends it after reception only
        h.received_at <= x.as_of_at
            and coalesce(h.status, 2) not in (1, 3)
            and least(
                h.finished_at, h.returned_at, h.stopped_at, h.withdrawn_at,
                case when h.rejected_at > h.received_at then h.rejected_at end
            ) <= x.as_of_at as has_ended
    from core.case_history as h
    cross join meta.run_context as x
),

-- Whatever a version says after one that had an end, if it has none itself.
reopened as (
    select distinct case_code
    from (
        select
            case_code,
            coalesce(has_ended, false) as has_ended,
            sum(case when has_ended then 1 else 0 end) over (
                partition by case_code
                order by valid_from, known_from, batch_id, page_no, row_no
                rows between unbounded preceding and 1 preceding
            ) as ends_before
        from history
    )
    where ends_before > 0 and not has_ended
),

watched as (
    select min(known_from) as since_at from core.case_history
),

cases as (
    select
        c.case_code, c.agency_code, coalesce(c.end_on, c.received_on, local_day(c.submitted_at)) as day,
        c.pause_count >= 2 as is_asked,
        r.case_code is not null as is_reopened,
        case when not c.is_accepted then 'not_accepted' when c.end_on is null then 'not_ended' end as exclusion,
        case when not s.is_given then 'no_source' end as no_source,
        case when not coalesce(c.received_at > w.since_at, false) then 'before_history' end as before_history
    from core.fct_case as c
    cross join core.source_given as s
    cross join watched as w
    left join reopened as r on r.case_code = c.case_code
    where c.is_centre and s.source = 'request'
),

units as (
    select
        'asked' as variant, case_code as unit_id, agency_code, day,
        is_asked as is_good, coalesce(exclusion, no_source) as exclusion
    from cases
    union all
    select
        'reopened', case_code, agency_code, day,
        is_reopened, coalesce(exclusion, before_history)
    from cases
    union all
    select
        'either', case_code, agency_code, day,
        is_asked or is_reopened, coalesce(exclusion, no_source, before_history)
    from cases
),

-- Daily counts first: a period's sum is then cheap, and the Centre's row is the sum of the agencies.
days as (
    select
        variant, agency_code, day,
        count(*) filter (is_good) as numerator,
        count(*) as denominator
    from units
    where exclusion is null
    group by all
)

select
    d.variant,
    p.period_kind,
    p.period_start,
    coalesce(d.agency_code, 'ALL') as agency_code,
    cast(sum(d.numerator) as bigint) as numerator,
    cast(sum(d.denominator) as bigint) as denominator
from days as d
join core.period_day as p on p.day = d.day
group by grouping sets (
    (d.variant, p.period_kind, p.period_start, d.agency_code), (d.variant, p.period_kind, p.period_start)
)
