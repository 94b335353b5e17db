/* @model
description: >
  Where the month will end for the Centre's daily-counted headline shares, with an interval and the error
  the same method made before. Method "seasonal naive, conformal": what is left of the month is taken to be
  as in the six months before from the same working day on, at their share; the interval holds the errors
  that this made in up to 24 earlier months (order statistics, at least 9 months). No random numbers.
  One row per KPI; none while the running month has fewer than five ratings.
grain: [kpi_id]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  variant: "Biến thể chính. Headline variant."
  period_start: "Tháng đang chạy. The running month."
  period_end: "Hết tháng. Its last day."
  numerator_so_far: "Tử số đến hết hôm qua. Numerator until yesterday."
  denominator_so_far: "Mẫu số đến hết hôm qua. Denominator until yesterday."
  expected_rest_count: "Dự kiến phát sinh thêm vào mẫu số. Expected further count."
  forecast_value: "Dự báo cuối tháng. Forecast for the month's end."
  low_value: "Cận dưới; trống khi chưa đủ tháng để đo sai số. Lower bound; null without enough history."
  high_value: "Cận trên. Upper bound."
  interval_level: "Mức tin cậy hứa. Promised coverage."
  comparison: "So sánh. Comparison."
  target: "Mục tiêu. Target."
  outlook: "likely_met, likely_missed, open: theo khoảng dự báo. By the interval against the target."
  method: "Phương pháp. Method."
  backtest_month_count: "Số tháng đã thử lại. Months the method was tried on."
  backtest_coverage: "Tỷ lệ tháng nằm trong khoảng. Share of months within their interval."
  backtest_mean_error: "Sai số tuyệt đối trung bình. Mean absolute error."
*/
with marks as (
    select
        x.as_of_on,
        cast(date_trunc('month', x.as_of_on) as date) as running_on,
        d.working_day_no - first_day.working_day_no as worked_days
    from meta.run_context as x
    join core.dim_date as d on d.day = x.as_of_on - 1
    join core.dim_date as first_day on first_day.day = cast(date_trunc('month', x.as_of_on) as date) - 1
),

-- Counts that add up day by day; distinct services or procedures don't.
counts as (
    select
        v.kpi_id, v.variant, v.period_start as day,
        coalesce(m.numerator, 0) as numerator, coalesce(m.denominator, 0) as denominator,
        cast(date_trunc('month', v.period_start) as date) as month_on
    from marts.kpi_value as v
    -- the counts before days with few ratings are blanked
    left join marts.kpi_measure as m
        on m.kpi_id = v.kpi_id
        and m.variant = v.variant
        and m.period_kind = v.period_kind
        and m.period_start = v.period_start
        and m.agency_code = v.agency_code
    where v.is_headline and v.agency_code = 'ALL' and v.period_kind = 'day'
        and v.kpi_id in ('on_time', 'very_satisfied', 'online_cases')
),

placed as (
    select
        c.*,
        m.running_on,
        case
            when c.month_on = m.running_on then c.day < m.as_of_on
            else d.working_day_no - before.working_day_no <= m.worked_days
        end as is_so_far
    from counts as c
    cross join marks as m
    join core.dim_date as d on d.day = c.day
    join core.dim_date as before on before.day = c.month_on - 1
),

months as (
    select
        kpi_id, variant, month_on, running_on,
        coalesce(sum(numerator) filter (is_so_far), 0) as good_so_far,
        coalesce(sum(denominator) filter (is_so_far), 0) as so_far,
        coalesce(sum(denominator) filter (not is_so_far), 0) as rest,
        sum(numerator) as good,
        sum(denominator) as whole
    from placed
    group by all
),

-- A forecast of every month, each from the six before it alone.
forecasts as (
    select
        *,
        avg(rest) over six as expected_rest,
        sum(good) over six / nullif(sum(whole) over six, 0) as expected_share
    from months
    window six as (
        partition by kpi_id order by month_on rows between 6 preceding and 1 preceding
    )
    qualify count(*) over six = 6
),

errors as (
    select
        *,
        (good_so_far + expected_rest * expected_share) / nullif(so_far + expected_rest, 0) as forecast,
        case when month_on < running_on then
            good / nullif(whole, 0)
            - (good_so_far + expected_rest * expected_share) / nullif(so_far + expected_rest, 0)
        end as error
    from forecasts
),

past as (
    select
        *,
        list_sort(list_filter(
            list(error) over (
                partition by kpi_id order by month_on rows between 24 preceding and 1 preceding
            ),
            lambda one: one is not null
        )) as past_errors
    from errors
),

-- The k-th smallest and largest error leave out at most a tenth of the months on each side.
bounded as (
    select
        *,
        cast(floor((len(past_errors) + 1) / 10.0) as bigint) as k
    from past
),

ranges as (
    select
        *,
        case when k >= 1 then greatest(0, forecast + past_errors[k]) end as low,
        case when k >= 1 then least(1, forecast + past_errors[len(past_errors) + 1 - k]) end as high
    from bounded
),

tried as (
    select
        kpi_id,
        count(*) filter (low is not null) as month_count,
        avg(cast(good / nullif(whole, 0) between low and high as integer)) as coverage,
        avg(abs(error)) as mean_error
    from ranges
    where month_on < running_on and whole > 0
    group by kpi_id
)

select
    r.kpi_id,
    r.variant,
    r.month_on as period_start,
    v.period_end,
    cast(r.good_so_far as bigint) as numerator_so_far,
    cast(r.so_far as bigint) as denominator_so_far,
    cast(round(r.expected_rest) as bigint) as expected_rest_count,
    r.forecast as forecast_value,
    r.low as low_value,
    r.high as high_value,
    cast(0.8 as double) as interval_level,
    v.comparison,
    v.target,
    case
        when r.low is null or v.target is null then 'open'
        when r.low > v.target or (v.comparison = '>=' and r.low = v.target) then 'likely_met'
        when r.high < v.target or (v.comparison = '>' and r.high = v.target) then 'likely_missed'
        else 'open'
    end as outlook,
    'seasonal naive, conformal' as method,
    coalesce(t.month_count, 0) as backtest_month_count,
    t.coverage as backtest_coverage,
    t.mean_error as backtest_mean_error
from ranges as r
join marts.kpi_value as v
    on v.kpi_id = r.kpi_id and v.variant = r.variant and v.period_kind = 'month'
    and v.period_start = r.month_on and v.agency_code = 'ALL'
left join tried as t on t.kpi_id = r.kpi_id
where r.month_on = r.running_on
    and not (r.kpi_id = 'very_satisfied' and is_small_group(r.so_far, 0))
