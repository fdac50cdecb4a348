-- By day and agent: the chats an agent took part in; responses are those of chats that began with that agent.
with written as (
    select chat_id, agent_id, count(*) as messages
    from {{ ref("conversation") }}
    where role = 'agent'
    group by chat_id, agent_id
)

select
    chats.day,
    took_part.agent_email,
    count(*) as chats,
    cast(sum(coalesce(written.messages, 0)) as bigint) as messages,
    {{ median("case when chats.first_agent = took_part.agent_email then chats.first_response_seconds end") }} as first_response_median,
    {{ median("chats.handle_seconds") }} as handle_median,
    count(chats.satisfied) as rated,
    cast(avg(chats.satisfied) as double precision) as satisfaction
from {{ ref("chat_agents") }} as took_part
inner join {{ ref("chats") }} as chats on chats.chat_id = took_part.chat_id
left join written on written.chat_id = took_part.chat_id and written.agent_id = took_part.agent_email
where not took_part.bot
group by chats.day, took_part.agent_email
