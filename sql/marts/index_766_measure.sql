/* @model
description: >
  What the metrics of Decision 766 count, as far as our sources say it: a metric that isn't here has no
  source. Definitions in words stand in seeds.index_766_metrics. State metrics are taken at the day of
  judgement, the others count what happened in the period. One row per metric, period and agency.
grain: [metric_code, period_kind, period_start, agency_code]
publish: false
columns:
  metric_code: "Mã chỉ số. Metric."
  period_kind: "Loại kỳ: month, quarter, year, ytd, campaign. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
*/
with periods as (
    select period_kind, period_start, evaluated_on
    from core.dim_period
    where period_kind in ('month', 'quarter', 'year', 'ytd', 'campaign')
),

days as (
    select d.period_kind, d.period_start, d.day
    from core.period_day as d
    where d.period_kind in ('month', 'quarter', 'year', 'ytd', 'campaign')
),

-- Progress, services and channels are KPIs already; their rules stand there.
progress as (
    select period_kind, period_start, agency_code, numerator, denominator
    from marts.kpi_on_time
    where variant = 'B'
),

kpis as (
    select 'ON_TIME' as metric_code, * from progress
    union all
    select 'ONLINE_SHARE_OF_CASES', period_kind, period_start, agency_code, numerator, denominator
    from marts.kpi_online_cases
    where variant = 'A'
    union all
    -- Counted by service and agency: the Centre's figure is the sum.
    select
        'ONLINE_WITH_CASES', period_kind, period_start, coalesce(agency_code, 'ALL'),
        cast(sum(numerator) as bigint), cast(sum(denominator) as bigint)
    from marts.kpi_services_with_cases
    where variant = 'A' and agency_code <> 'ALL'
    group by grouping sets ((period_kind, period_start, agency_code), (period_kind, period_start))
),

-- One late announcement makes its procedure late in the whole period.
announcements as (
    select
        a.agency_code, a.procedure_code, a.decided_on,
        basis.working_day_no - decided.working_day_no >= 5 as is_announced_in_time,
        case when a.published_on is not null or a.working_due_on < x.as_of_on
             then coalesce(a.published_on <= a.working_due_on, false) end as is_published_in_time
    from core.fct_announcement as a
    cross join meta.run_context as x
    join core.dim_date as decided on decided.day = a.decided_on
    left join core.dim_date as basis on basis.day = a.basis_effective_on
),

announced as (
    select
        d.period_kind, d.period_start, coalesce(a.agency_code, 'ALL') as agency_code, a.procedure_code,
        bool_and(a.is_announced_in_time) as is_announced_in_time,
        bool_and(a.is_published_in_time) as is_published_in_time
    from announcements as a
    join days as d on d.day = a.decided_on
    group by grouping sets (
        (d.period_kind, d.period_start, a.procedure_code, a.agency_code),
        (d.period_kind, d.period_start, a.procedure_code)
    )
),

-- The content of a procedure is that of its newest announcement, until it is abolished.
contents as (
    select
        agency_code, procedure_code, is_complete, action,
        decided_on as from_on,
        lead(decided_on) over (partition by procedure_code order by decided_on, decision_no) as until_on
    from core.fct_announcement
),

procedures as (
    select
        p.period_kind, p.period_start, coalesce(a.agency_code, r.agency_code, 'UNKNOWN') as agency_code,
        r.procedure_code, r.has_fee,
        bool_or(s.procedure_code is not null) as is_online,
        bool_or(coalesce(s.online_payment, false)) as takes_payment
    from periods as p
    join core.dim_procedure as r
        on (r.valid_from is null or r.valid_from <= p.evaluated_on)
        and (r.valid_to is null or r.valid_to >= p.evaluated_on)
    left join core.agency_alias as a on a.code = r.agency_code
    left join core.dim_service as s
        on s.procedure_code = r.procedure_code
        and s.is_online
        and s.live_from <= p.evaluated_on
        and (s.live_to is null or s.live_to > p.evaluated_on)
    group by all
),

cases as (
    select * from core.fct_case where is_centre and is_accepted
),

paid as (
    select distinct d.period_kind, d.period_start, c.procedure_code
    from cases as c
    join days as d on d.day = c.received_on
    where c.paid_online in (1, 2) and c.fee_total_vnd > 0
),

marks as (
    select 'PUBLISH_ON_TIME' as metric_code, period_kind, period_start, agency_code, is_announced_in_time as is_counted
    from announced
    where is_announced_in_time is not null
    union all
    select 'PUBLIC_UPDATE_ON_TIME', period_kind, period_start, agency_code, is_published_in_time
    from announced
    where is_published_in_time is not null
),

-- A flag that no case carries has no source; where some do, an empty one is not a yes.
sourced as (
    select
        count(paid_online) > 0 as has_paid, count(result_digitised) > 0 as has_result,
        count(components_digitised) > 0 as has_components, count(components_reused) > 0 as has_reused,
        count(vneid_verified) > 0 as has_vneid
    from cases
),

events as (
    select 'CASES_PAID_ONLINE' as metric_code, c.agency_code, c.received_on as day,
        coalesce(c.paid_online in (1, 2), false) as is_counted
    from cases as c
    cross join sourced as s
    where c.fee_total_vnd > 0 and s.has_paid
    union all
    select 'ORIGINAL_RESULT_AVAILABLE', c.agency_code, c.end_on, coalesce(c.result_digitised, false)
    from cases as c
    cross join sourced as s
    join core.dim_procedure as p on p.procedure_code = c.procedure_code and p.requires_paper_result
    where c.end_kind in ('finished', 'returned') and s.has_result
    union all
    select 'SO_HOA_GIAY_TO_GIAI_QUYET', c.agency_code, c.end_on,
        coalesce(c.components_digitised, false) and coalesce(c.result_digitised, false)
    from cases as c
    cross join sourced as s
    where c.end_kind in ('finished', 'returned') and s.has_components and s.has_result
    union all
    select 'REUSED_DIGITIZED_DATA', c.agency_code, c.received_on, coalesce(c.components_reused, false)
    from cases as c
    cross join sourced as s
    where s.has_reused
    union all
    select 'CITIZEN_DATA_CONNECTED_DOSSIER', c.agency_code, c.received_on, coalesce(c.vneid_verified, false)
    from cases as c
    cross join sourced as s
    where s.has_vneid
    union all
    select 'PETITION_PROCESSING_ON_TIME', agency_code, received_on, is_on_time
    from core.fct_feedback
    where is_counted and kind in ('petition', 'reflection')
),

event_days as (
    select metric_code, agency_code, day, count(*) filter (is_counted) as numerator, count(*) as denominator
    from events
    group by all
),

summed as (
    select
        e.metric_code, d.period_kind, d.period_start, e.agency_code,
        sum(e.numerator) as numerator, sum(e.denominator) as denominator
    from event_days as e
    join days as d on d.day = e.day
    group by all
    union all
    select
        'PUBLIC_CONTENT_FULL', p.period_kind, p.period_start, c.agency_code,
        count(*) filter (c.is_complete), count(*)
    from contents as c
    join periods as p
        on c.from_on <= p.evaluated_on and (c.until_on is null or c.until_on > p.evaluated_on)
    where c.action is distinct from 'abolished'
    group by all
    union all
    select 'ONLINE_OFFERED', period_kind, period_start, agency_code, count(*) filter (is_online), count(*)
    from procedures
    where (select count(*) from core.dim_service) > 0
    group by all
    union all
    select
        'FEE_PROCEDURES_WITH_PAYMENT', period_kind, period_start, agency_code,
        count(*) filter (takes_payment), count(*)
    from procedures
    where has_fee and (select count(*) from core.dim_service) > 0
    group by all
    union all
    select
        'FEE_PROCEDURES_WITH_PAID_CASES', r.period_kind, r.period_start, r.agency_code,
        count(*) filter (p.procedure_code is not null), count(*)
    from procedures as r
    cross join sourced as s
    left join paid as p
        on p.period_kind = r.period_kind
        and p.period_start = r.period_start
        and p.procedure_code = r.procedure_code
    where r.has_fee and s.has_paid
    group by all
),

-- 100 % less the overdue and less those with a petition or an unhappy rating, as the decision has it.
unhappy as (
    select c.agency_code, c.case_code, r.rated_on as day
    from core.fct_rating as r
    join cases as c on c.case_code = r.case_code
    where r.is_valid and r.level_code in ('dissatisfied', 'very_dissatisfied', 'dislike')
    union all
    select c.agency_code, c.case_code, f.received_on
    from core.fct_feedback as f
    join cases as c on c.case_code = f.case_code
    where f.kind in ('petition', 'reflection')
),

unhappy_cases as (
    select
        d.period_kind, d.period_start, coalesce(u.agency_code, 'ALL') as agency_code,
        count(distinct u.case_code) as case_count
    from unhappy as u
    join days as d on d.day = u.day
    group by grouping sets ((d.period_kind, d.period_start, u.agency_code), (d.period_kind, d.period_start))
),

united as (
    select * from kpis
    union all
    select metric_code, period_kind, period_start, agency_code, count(*) filter (is_counted), count(*)
    from marks
    group by all
    union all
    select
        metric_code, period_kind, period_start, coalesce(agency_code, 'ALL'), sum(numerator), sum(denominator)
    from summed
    group by grouping sets (
        (metric_code, period_kind, period_start, agency_code), (metric_code, period_kind, period_start)
    )
    union all
    select
        'DOSSIER_RECEIVING_SATISFACTION', p.period_kind, p.period_start, p.agency_code,
        greatest(0, p.numerator - coalesce(u.case_count, 0)), p.denominator
    from progress as p
    left join unhappy_cases as u
        on u.period_kind = p.period_kind
        and u.period_start = p.period_start
        and u.agency_code = p.agency_code
)

select
    u.metric_code,
    u.period_kind,
    u.period_start,
    u.agency_code,
    cast(u.numerator as bigint) as numerator,
    cast(u.denominator as bigint) as denominator
from united as u
where u.period_kind in ('month', 'quarter', 'year', 'ytd', 'campaign')
