-- Who said something when: visitors, agents, bots. What supervisors whisper is no part of it. API v3.6 says what
-- an author is, and which message is sent by itself; in v2 an agent whose id is no e-mail address is a bot.
{% set messages = source("livechat", "messages") -%}
select
    chat_id,
    event_id,
    timestamp as said_at,
    case
        when user_type = 'visitor' then 'visitor'
        when {{ optional(messages, "is_welcome_message", "false") }} then 'bot'
        when {{ optional(messages, "author_type", "cast(null as text)") }} = 'bot' then 'bot'
        when agent_id like '%@%' then 'agent'
        else 'bot'
    end as role,
    agent_id
from {{ messages }}
where user_type in ('visitor', 'agent') and coalesce(type, 'message') <> 'event' and timestamp is not null
