-- By day and team.
select
    day,
    team,
    count(case when not missed then 1 end) as chats,
    count(case when missed then 1 end) as missed,
    count(case when unanswered then 1 end) as unanswered,
    {{ median("first_response_seconds") }} as first_response_median,
    {{ median("first_response_seconds", 0.9) }} as first_response_p90,
    {{ median("longest_wait_seconds") }} as longest_wait_median,
    {{ median("handle_seconds") }} as handle_median,
    count(queue_seconds) as queued,
    {{ median("queue_seconds") }} as queue_median,
    count(satisfied) as rated,
    cast(avg(satisfied) as double precision) as satisfaction
from {{ ref("chats") }}
group by day, team
