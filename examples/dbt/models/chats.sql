-- One row for each chat, its agents folded.
with ranked as (
    select *, row_number() over (partition by id order by {{ optional(source("livechat", "chats"), "agent_index", "0") }}, agent_email) as place
    from {{ source("livechat", "chats") }}
),

agents as (
    select
        chat_id,
        string_agg(agent_email, ', ' order by place) as agents,
        count(*) as agent_count,
        min(case when not bot then place end) as first_human
    from {{ ref("chat_agents") }}
    group by chat_id
),

waits as (
    select
        chat_id,
        max(case when question = 1 then seconds end) as first_response_seconds,
        max(seconds) as longest_wait_seconds,
        max(case when answered_at is null then 1 else 0 end) = 1 as unanswered
    from {{ ref("waits") }}
    group by chat_id
),

{% set groups = adapter.get_relation(source("livechat", "chats").database, var("schema"), "groups") if execute -%}
teams as (
    {% if groups -%} select distinct cast(id as text) as id, name from {{ groups }}
    {%- else -%} select cast(null as text) as id, cast(null as text) as name where false
    {%- endif %}
)

select
    chats.id as chat_id,
    chats.type = 'missed_chat' as missed,
    coalesce(chats.started_timestamp, chats.ended_timestamp) as started,
    chats.ended_timestamp as ended,
    cast({{ local("coalesce(chats.started_timestamp, chats.ended_timestamp)") }} as date) as day,
    cast(extract(hour from {{ local("coalesce(chats.started_timestamp, chats.ended_timestamp)") }}) as integer) as hour,
    coalesce(teams.name, 'group ' || {{ first('chats."group"') }}, 'none') as team,
    agents.agents,
    coalesce(agents.agent_count, 0) as agent_count,
    first_agent.agent_email as first_agent,
    cast({{ field("chats.queue", "duration") }} as bigint) as queue_seconds,
    waits.first_response_seconds,
    waits.longest_wait_seconds,
    coalesce(waits.unanswered, false) as unanswered,
    case when chats.type = 'chat' then coalesce(chats.duration, {{ seconds("chats.started_timestamp", "chats.ended_timestamp") }}) end as handle_seconds,
    case chats.rate when 'rated_good' then 1 when 'rated_bad' then 0 end as satisfied,
    {{ field("chats.visitor", "country") }} as country
from ranked as chats
left join agents on agents.chat_id = chats.id
left join {{ ref("chat_agents") }} as first_agent on first_agent.chat_id = chats.id and first_agent.place = agents.first_human
left join waits on waits.chat_id = chats.id
left join teams on teams.id = {{ first('chats."group"') }}
where chats.place = 1
