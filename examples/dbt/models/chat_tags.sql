select distinct chat_id, tag
from (select id as chat_id, {{ each("tags") }} as tag from {{ source("livechat", "chats") }}) as tags
where tag is not null
