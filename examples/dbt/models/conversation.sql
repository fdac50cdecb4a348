-- Who said something when: visitors, agents, bots. What supervisors whisper is no part of it.
select
    chat_id,
    event_id,
    timestamp as said_at,
    case
        when user_type = 'visitor' then 'visitor'
        when {{ optional(source("livechat", "messages"), "welcome_message", "false") }} then 'bot'
        when agent_id like '%@%' then 'agent'
        else 'bot'
    end as role,
    agent_id
from {{ source("livechat", "messages") }}
where user_type in ('visitor', 'agent') and coalesce(type, 'message') <> 'event' and timestamp is not null
