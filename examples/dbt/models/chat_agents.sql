-- Who took part in a chat, in LiveChat's order.
select
    id as chat_id,
    agent_email,
    agent_email not like '%@%' as bot,
    row_number() over (partition by id order by {{ optional(source("livechat", "chats"), "agent_index", "0") }}, agent_email) as place
from {{ source("livechat", "chats") }}
where agent_email <> 'unassigned'
