select * from {{ ref("chats") }}
where first_response_seconds < 0 or first_response_seconds > longest_wait_seconds or queue_seconds < 0 or handle_seconds < 0
