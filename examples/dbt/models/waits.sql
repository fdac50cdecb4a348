-- How long a visitor waited: from a message that is the first since an agent's to the next of an agent. So
-- a welcome message, which comes before the visitor has said anything, answers nothing; nor does a bot.
with said as (
    select
        chat_id,
        event_id,
        said_at,
        role,
        lag(role) over (partition by chat_id order by {{ as_said() }}) as role_before,
        min(case when role = 'agent' then said_at end) over (
            partition by chat_id order by {{ as_said() }} rows between 1 following and unbounded following
        ) as answered_at
    from {{ ref("conversation") }}
    where role in ('visitor', 'agent')
)

select
    chat_id,
    event_id,
    row_number() over (partition by chat_id order by {{ as_said() }}) as question,
    said_at as asked_at,
    answered_at,
    {{ seconds("said_at", "answered_at") }} as seconds
from said
where role = 'visitor' and coalesce(role_before, 'agent') = 'agent'
