{# A column that not every version of the tap, nor every API, has. #}
{% macro optional(relation, name, otherwise) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute="name") | list if execute else [] -%}
    {{ name if name in names else otherwise }}
{%- endmacro %}

{# Objects and lists are JSON, or with target-postgres arrays: what is in them. #}
{% macro field(column, name) -%}{{ adapter.dispatch("field")(column, name) }}{%- endmacro %}
{% macro duckdb__field(column, name) -%} json_extract_string({{ column }}, '$.{{ name }}') {%- endmacro %}
{% macro postgres__field(column, name) -%} (to_jsonb({{ column }}) ->> '{{ name }}') {%- endmacro %}

{% macro first(column) -%}{{ adapter.dispatch("first")(column) }}{%- endmacro %}
{% macro duckdb__first(column) -%} json_extract_string({{ column }}, '$[0]') {%- endmacro %}
{% macro postgres__first(column) -%} (to_jsonb({{ column }}) ->> 0) {%- endmacro %}

{# A row for each text of a list. #}
{% macro each(column) -%}{{ adapter.dispatch("each")(column) }}{%- endmacro %}
{% macro duckdb__each(column) -%} unnest(json_extract_string({{ column }}, '$[*]')) {%- endmacro %}
{% macro postgres__each(column) -%}
    jsonb_array_elements_text(case when jsonb_typeof(to_jsonb({{ column }})) = 'array' then to_jsonb({{ column }}) end)
{%- endmacro %}

{% macro seconds(since, until) -%} cast(extract(epoch from ({{ until }} - {{ since }})) as bigint) {%- endmacro %}

{# A time in UTC as the clocks of var('timezone') show it. #}
{% macro local(time) -%} timezone('{{ var("timezone") }}', timezone('UTC', {{ time }})) {%- endmacro %}

{% macro median(value, share=0.5) -%} cast(percentile_cont({{ share }}) within group (order by {{ value }}) as double precision) {%- endmacro %}

{# What was said first comes first. Ids of one chat end in a number: _9 before _10. #}
{% macro as_said(time="said_at") -%} {{ time }}, length(event_id), event_id {%- endmacro %}
