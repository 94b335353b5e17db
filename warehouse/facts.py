"""What is told of a unit beside its verdict: one query a kind of unit, from the restricted store.

Belongs here: facts and the batch that brought them. Doesn't: verdicts (the KPI files), asking (explain.py).
"""

# Facts that let a reader check a verdict, and the batch that brought the newest version. No person's data.
FACTS: dict[str, str] = {
    "case": """
        select c.case_code as unit_id, c.procedure_code, c.received_on, c.due_on, c.end_on, c.end_kind,
            c.handover_on, c.pause_count, c.channel, c.batch_id
        from core.fct_case as c""",
    "rating": """
        select r.rating_id as unit_id, f.case_code, f.rated_on, f.level_code, f.scale, r._batch_id as batch_id
        from core.fct_rating as f join staging.rating as r on r.rating_id = f.rating_id""",
    "service": """
        select procedure_base(procedure_code) as unit_id, string_agg(service_id, ', ' order by service_id)
            as service_ids, min(published_on) as published_on, max(withdrawn_on) as withdrawn_on,
            string_agg(distinct _batch_id, ', ') as batch_id
        from staging.service where level in (3, 4) group by all""",
    "procedure": """
        select a.procedure_code as unit_id, string_agg(a.decision_no, ', ' order by a.decided_on)
            as decision_nos, bool_and(a.is_complete) as is_complete, bool_and(a.is_accurate) as is_accurate,
            bool_and(a.is_in_time) as is_in_time, string_agg(distinct d._batch_id, ', ') as batch_id
        from core.fct_announcement as a
        join core.period_day as p on p.day = a.decided_on
        join staging.decision as d on d.decision_no = a.decision_no group by all""",
    "announcement": """
        select a.decision_no || ' · ' || a.procedure_code as unit_id, a.decided_on, a.published_on,
            a.literal_due_on, a.rolled_due_on, a.working_due_on, d._batch_id as batch_id
        from core.fct_announcement as a join staging.decision as d on d.decision_no = a.decision_no""",
    "task": """
        select f.plan_no || ' · ' || f.task_id as unit_id, f.due_on, f.completed_on, f.has_product,
            f.quality, t._batch_id as batch_id
        from core.fct_plan_task as f join staging.plan_task as t on t.plan_no = f.plan_no and t.task_id = f.task_id""",
    "feedback": """
        select f.feedback_id as unit_id, f.received_on, f.due_on, f.answered_on, s._batch_id as batch_id
        from core.fct_feedback as f join staging.feedback as s on s.feedback_id = f.feedback_id""",
}
