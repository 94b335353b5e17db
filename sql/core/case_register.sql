/* @model
description: >
  "Sổ theo dõi hồ sơ" (form 07 of TT 03/2025, before it of TT 01/2018; versions in meta.form_version): the Centre's
  accepted cases in the order of reception.
  Restricted, never published. Name, address and telephone of the applicant are columns of the paper that
  the warehouse doesn't keep; they stand in the case system alone. One row per case.
grain: [case_code]
columns:
  reception_year: "Năm của sổ. Year of the register."
  position: "TT trong năm. Number within the year."
  case_code: "Mã hồ sơ. Case code."
  procedure_name: "Nội dung yêu cầu giải quyết. What was asked for."
  set_count: "Số lượng hồ sơ (bộ); trống, chưa có nguồn. Number of sets; null, no source."
  received_on: "Ngày nhận hồ sơ. Day received."
  due_original_on: "Ngày hẹn trả ban đầu. Day promised."
  due_on: "Hạn trả có hiệu lực. Effective due day."
  handed_over_on: "Ngày trả kết quả; trống khi chưa trả. Day of return; null until then."
  from_unit_code: "Bên giao: nơi tiếp nhận. Handed over by."
  to_agency_code: "Bên nhận: cơ quan giải quyết. Taken over by."
  end_kind: "Ghi chú: vì sao kết thúc. Remark: why it ended."
  supplement_count: "Ghi chú: số lần bổ sung. Remark: requests for supplements."
  apology_count: "Ghi chú: số lần xin lỗi. Remark: apologies."
*/
select
    cast(year(c.received_on) as integer) as reception_year,
    cast(row_number() over (
        partition by year(c.received_on) order by c.received_at, c.case_code
    ) as integer) as position,
    c.case_code,
    coalesce(p.procedure_name, c.procedure_code) as procedure_name,
    cast(null as integer) as set_count,
    c.received_on,
    c.due_original_on,
    c.due_on,
    c.handover_on as handed_over_on,
    c.reception_unit_code as from_unit_code,
    c.agency_code as to_agency_code,
    c.end_kind,
    c.pause_count as supplement_count,
    c.apology_count
from core.fct_case as c
left join core.dim_procedure as p on p.procedure_code = c.procedure_code
where c.is_centre and c.is_accepted
