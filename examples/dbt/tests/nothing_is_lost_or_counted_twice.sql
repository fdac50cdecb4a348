-- Each chat of the table is in one row here, and in one row of a day and team. Rows are what is wrong.
select *
from (
    select
        (select count(distinct id) from {{ source("livechat", "chats") }}) as ids,
        (select count(*) from {{ ref("chats") }}) as chats,
        (select sum(chats + missed) from {{ ref("daily") }}) as daily
) as counts
where ids <> chats or chats <> daily
