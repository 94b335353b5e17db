-- Macros that several models share. They are stored in the database, so a query that uses them runs
-- as pasted into any client that opens the warehouse. Only reading of text, calendar arithmetic and the
-- size of a group that may be shown belong here; KPI rules belong to their models.

-- Excel's escapes of control characters (_x000D_, _x000A_ …) → a space.
create or replace macro without_escapes(value) as
    case when contains(value, '_x00')
         then regexp_replace(value, '_x00(?:[01][0-9A-Fa-f]|7[Ff]|[89][0-9A-Fa-f])_', ' ', 'g')
         else value end;

-- Text as it came → trimmed, NFC, blank as null, every kind of space or control character one space, what has
-- no width gone (format characters such as U+200E and the bidi marks, joiners, variation selectors); Đ written
-- with the wrong letter (Ð, U+00D0) mended; what Excel writes for control characters (_x000D_) is one of them.
-- Visible ASCII, as nearly all codes and times are, has nothing to mend but those escapes; other text of single
-- bytes has nothing but spaces. Normalising comes last: it would end a text at a null character.
create or replace macro clean_text(value) as
    case when regexp_full_match(value, '[!-~]+') and not contains(value, '_x00') then value
    else nullif(trim(
        case when bit_length(value) = 8 * length(value)
             then regexp_replace(without_escapes(value), '[\p{Cc}\p{Z}]+', ' ', 'g')
             else nfc_normalize(replace(
                 regexp_replace(
                     regexp_replace(without_escapes(value), '[\p{Cf}\x{034F}\x{FE00}-\x{FE0F}]+', '', 'g'),
                     '[\p{Cc}\p{Z}]+', ' ', 'g'
                 ),
                 chr(208), chr(272)
             )) end
    ), '') end;

-- ISO date-time without seconds, or with a comma before their fraction → as DuckDB reads it; null for text
-- that doesn't begin with a year of four digits, of which a cast alone would make a day in antiquity.
create or replace macro iso_text(value) as
    case when substr(value, 5, 1) = '-' then
        case when regexp_full_match(value, '.{10}[T ]\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})?')
             then substr(value, 1, 16) || ':00' || substr(value, 17)
             else replace(value, ',', '.') end
    end;

-- dd/mm/yyyy [hh:mm[:ss]] → a timestamp; a year of two digits is no year, whatever strptime makes of it.
create or replace macro day_first(value) as
    case when regexp_full_match(value, '\d{1,2}/\d{1,2}/[12]\d{3}( .*)?')
         then try_strptime(value, ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d/%m/%Y']) end;

-- What begins with a year of four digits and reads as it stands, as nearly all times do; else null.
create or replace macro instant_at_once(value) as
    case when substr(value, 5, 1) = '-' then try_cast(value as timestamptz) end;

-- Clean text as a moment, in any of the forms that are read.
create or replace macro spelt_instant(text) as
    coalesce(try_cast(iso_text(text) as timestamptz), cast(day_first(text) as timestamptz));

-- ISO date-time with or without offset (none = Asia/Ho_Chi_Minh), or dd/mm/yyyy [hh:mm[:ss]].
-- Nulls are asked for first: a coalesce would try every way on each of them.
create or replace macro to_instant(value) as
    case
        when value is null then null
        else coalesce(
            instant_at_once(value),
            (list_transform([clean_text(value)], lambda text: spelt_instant(text)))[1]
        )
    end;

-- ISO date, dd/mm/yyyy (never mm/dd), or the local day of a date-time.
create or replace macro to_day(value) as
    case
        when value is null then null
        else coalesce(
            case when length(value) <= 10 and substr(value, 5, 1) = '-' then try_cast(value as date) end,
            cast(to_instant(value) as date)
        )
    end;

-- "0"/"1", "True"/"False", "true"/"false"; anything else is null (and a cast error where text came).
create or replace macro to_boolean(value) as
    case lower(trim(value))
        when '1' then true when 'true' then true when '0' then false when 'false' then false
    end;

-- Yes or no as people write it into files: có/không, yes/no, or what to_boolean reads.
create or replace macro to_yes_no(value) as
    case lower(clean_text(value))
        when 'có' then true when 'yes' then true when 'không' then false when 'no' then false
        else to_boolean(value)
    end;

-- Digits with an optional sign, and nothing else: no exponent, no 0x, no separator. A dot with one or two zeros
-- after it is what spreadsheets and floating numbers append to a whole number (15.0, 150000.00); with three it
-- is the Vietnamese separator of thousands (150.000 is a hundred and fifty thousand), so that it stays unread.
create or replace macro to_integer(value) as
    case
        when value is null then null
        when regexp_full_match(value, '[+-]?[0-9]+') then try_cast(value as bigint)
        else try_cast(nullif(
            regexp_extract(clean_text(value), '^([+-]?[0-9]+)([.]0{1,2})?$', 1), ''
        ) as bigint)
    end;

-- The name of a field whose text is no code, but what a spreadsheet made of one, else null: a number with an
-- exponent (2.61123E+17: its last digits are lost), a formula, an error, or the marks of a column too narrow.
-- The sign or the fraction is asked for, because 12E3 may well be somebody's code.
create or replace macro spoilt_code(value, name) as
    case when regexp_matches(value, '[0-9][eE][+-]?[0-9]|=|#')
         then case when regexp_full_match(
             clean_text(value),
             '[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-][0-9]+|[+-]?[0-9]+[.,][0-9]+[eE][0-9]+|=.*|#+|'
             '#(?:N/A|NULL!|REF!|VALUE!|NAME[?]|NUM!|DIV/0!|SPILL!|CALC!)'
         ) then name end
    end;

-- Name and text of a field that came with a text of which nothing was read, else null.
create or replace macro unread(value, typed, name) as
    case when value is not null and typed is null then {'name': name, 'text': value} end;

-- The names of such fields, blank ones aside. What is blank is asked once for all of them: written out for each,
-- it took longer to plan than a night's rows to read.
create or replace macro unread_fields(fields) as
    list_transform(
        list_filter(fields, lambda field: field is not null and clean_text(field.text) is not null),
        lambda field: field.name
    );

-- The names that aren't null.
create or replace macro cast_errors(names) as
    list_filter(names, lambda name: name is not null);

-- The name of the record that a staged row came from.
create or replace macro record_of(batch_id, page_no, row_no) as batch_id || '/' || page_no || '/' || row_no;

create or replace macro local_day(instant) as cast(instant as date);

-- Whether a document's scope means every unit of the country; another scope is a unit's code.
create or replace macro is_for_all(scope) as upper(coalesce(scope, 'ALL')) in ('ALL', 'TOÀN QUỐC', '*');

-- Whether a count of working days from `start_on` on has passed a day whose year has no official calendar;
-- `last_provisional_on` is core.dim_date's, at the day on which the count ends.
create or replace macro counts_provisionally(start_on, last_provisional_on) as
    coalesce(last_provisional_on >= start_on, false);

-- 1.004221.000.00.00.H37 → 1.004221: the procedure without its local suffix; other codes stay.
create or replace macro procedure_base(code) as
    coalesce(nullif(regexp_extract(code, '^([1-3][.][0-9]{6})(?:[.]000[.]00[.]00[.]H[0-9]{2})$', 1), ''), code);

-- Working minutes of a day that are over at a time of day; office hours 07:00–11:30 and 13:30–17:00.
create or replace macro worked_minutes(instant) as
    greatest(0, least(hour(instant) * 60 + minute(instant), 690) - 420)
    + greatest(0, least(hour(instant) * 60 + minute(instant), 1020) - 810);

-- Working minutes of the calendar that are over at a moment; eight hours make a working day.
create or replace macro working_minute_no(is_working, working_day_no, instant) as
    case when is_working then (working_day_no - 1) * 480 + worked_minutes(instant) else working_day_no * 480 end;

-- The number of the working day in which a working minute lies; a full day ends on that day.
create or replace macro working_day_at(minute_no) as cast(ceil(minute_no / 480.0) as integer);

-- Working minutes of the calendar by which a limit of n working hours is over.
create or replace macro limit_minute_no(is_working, working_day_no, received_at, n) as
    working_minute_no(is_working, working_day_no, received_at) + n * 60;

-- A limit in working days or working hours ends on a working day found by its number; null for the other
-- units. A limit of no days ends on the day of receipt, or on the first working day after it.
create or replace macro limit_working_day(unit, n, is_working, working_day_no, received_at) as
    case
        when unit = 'working_day' and n = 0 and not is_working then working_day_no + 1
        when unit = 'working_day' then working_day_no + n
        when unit = 'working_hour'
        then working_day_at(limit_minute_no(is_working, working_day_no, received_at, n))
    end;

-- A limit in the other units ends on a calendar day, which the calendar then rolls over days off.
create or replace macro limit_calendar_day(unit, n, received_at) as
    case
        when unit = 'day' then local_day(received_at) + cast(n as integer)
        when unit = 'month' then cast(local_day(received_at) + to_months(cast(n as integer)) as date)
        when unit = 'hour' then local_day(received_at + to_hours(cast(n as integer)))
    end;

-- The comparison rule. On time is what is done on the due day or before it. Where a file's mapping says
-- `compare_by: time`, it must be done by the due moment (due_until_at; null for all cases compared by day).
create or replace macro is_on_time(done_on, done_at, due_on, due_until_at) as
    done_on <= due_on and coalesce(done_at <= due_until_at, true);

-- The due day once requests and extensions have moved it. An extension stands as it is. Completed requests count
-- in working minutes against a limit in working hours, where a pause without an office minute moves nothing, and
-- in working days against all others; `by_minutes_on` and `by_days_on` are the days that these counts reach.
create or replace macro moved_due(
    extended_at, target_minute_no, moved_minutes, moved_days, due_original_on, by_minutes_on, by_days_on
) as
    case
        when extended_at is not null then local_day(extended_at)
        when target_minute_no is not null
        then case when moved_minutes > 0 then by_minutes_on else due_original_on end
        when coalesce(moved_days, 0) = 0 then due_original_on
        else by_days_on
    end;

-- The due moment of a case compared by time: that of a statutory extension, or the time of day promised, on
-- the effective due day. A due day that nobody promised has no time of day, and is compared by day.
create or replace macro due_moment(compare_by, due_at, extended_at, due_on) as
    case when compare_by = 'time'
         then coalesce(extended_at, due_at + to_days(cast(due_on - local_day(due_at) as integer))) end;

-- The first day at whose end an open case is overdue: the day after the due day, or the due day itself once a
-- due moment has passed.
create or replace macro overdue_from(due_on, due_until_at, as_of_at) as
    due_on + case when due_until_at <= as_of_at then 0 else 1 end;

-- A person key as a keyed hash (HMAC-SHA256); the two padded keys are set on the connection alone, so
-- no stored query holds them.
create or replace macro person_hash(value) as
    case when value is not null then sha256(
        cast(getvariable('person_key_outer') as blob)
        || unhex(sha256(cast(getvariable('person_key_inner') as blob) || encode(value)))
    ) end;

-- The name of a list whose text is no list, or in which a time or a boolean can't be read, else null:
-- a try_cast of the whole list turns such a member into null in silence. `times` and `flags` are the
-- texts of those members, all in one list. A lambda compiles its patterns for every few thousand rows, so
-- those with patterns are left to lists that hold something to look at.
create or replace macro unread_list(value, typed, name, times, flags) as
    case
        when value is null or trim(value) in ('', '[]', '""') then null
        when typed is null then name
        when len(list_filter(times, lambda text: text is not null and instant_at_once(text) is null)) > 0
            and len(list_filter(times, lambda text: clean_text(text) is not null and to_instant(text) is null)) > 0
        then name
        when len(list_filter(flags, lambda text: text is not null and to_boolean(text) is null)) > 0
            and len(list_filter(flags, lambda text: clean_text(text) is not null and to_boolean(text) is null)) > 0
        then name
    end;

-- The text of a JSON list, or null where the text is something else. A list inside a JSON text ('"[…]"')
-- is that list: so the cells of dropped files landed in earlier versions.
create or replace macro list_text(value) as
    case when json_valid(value) then case json_type(value)
        when 'ARRAY' then value
        when 'VARCHAR' then case when json_valid(json_extract_string(value, '$')) then
            case when json_type(json_extract_string(value, '$')) = 'ARRAY' then json_extract_string(value, '$') end
        end
    end end;

-- The members of a JSON object as texts (none for JSON's null), or null where the text is something else
-- or names a member twice.
create or replace macro points_text(value) as
    case when json_valid(value) then case
        when json_type(value) = 'NULL' then try_cast('{}'::json as map(varchar, varchar))
        when json_type(value) = 'OBJECT' and len(json_keys(value)) = len(list_distinct(json_keys(value)))
        then try_cast(cast(value as json) as map(varchar, varchar))
    end end;

-- {"c1": 2, "c3": 0} → a map of 0, 1 or 2 by index c1–c9, members that are null left out; any other
-- member, value or text makes the whole null.
create or replace macro to_points(value) as
    case
        when len(list_filter(map_entries(points_text(value)), lambda entry:
            not regexp_full_match(entry.key, 'c[1-9]') or entry.value not in ('0', '1', '2'))) = 0
        then map_from_entries(list_transform(
            list_filter(map_entries(points_text(value)), lambda entry: entry.value is not null),
            lambda entry: {'key': entry.key, 'value': cast(entry.value as integer)}))
    end;

-- A group that isn't shown by itself: 1 to 4 members, or the one that must join smaller groups which
-- together have only 1 to 4 (`smaller` counts the members of all smaller groups).
create or replace macro is_small_group(size, smaller) as
    size between 1 and 4 or (size > 0 and coalesce(smaller, 0) between 1 and 4);
