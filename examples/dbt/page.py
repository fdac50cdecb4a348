"""One page of what a support lead asks, out of the tables that dbt made.

    python page.py answers.duckdb page.html
    python page.py postgresql://… page.html
"""

import html
import sys

import plotly.graph_objects as go

BLUE, LIGHT, GREEN, RED, GREY = "#1f6feb", "#9ec5fe", "#2da44e", "#cf222e", "#8c959f"


def connect(where):
    """A function that runs SQL and returns the columns of its rows."""
    if where.startswith("postgres"):
        import psycopg2

        cursor = psycopg2.connect(where, options="-csearch_path=answers").cursor()
    else:
        import duckdb

        cursor = duckdb.connect(where, read_only=True).cursor()

    def query(sql):
        cursor.execute(sql)
        return [list(column) for column in zip(*cursor.fetchall())] or [[] for _ in cursor.description]

    return query


def chart(title, *traces, y="", **layout):
    figure = go.Figure(list(traces))
    figure.update_layout(
        title=title, template="plotly_white", height=360, margin={"l": 60, "r": 20, "t": 60, "b": 40},
        yaxis_title=y, legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"}, font={"family": "sans-serif"}, **layout,
    )
    return figure


def charts(query):
    day, chats, missed = query("select day, sum(chats), sum(missed) from daily where day is not null group by day order by day")
    yield chart(
        "How many chats, by day",
        go.Bar(x=day, y=chats, name="chats", marker_color=BLUE),
        go.Bar(x=day, y=missed, name="missed", marker_color=RED),
        y="chats", barmode="stack",
    )

    share = "cast(percentile_cont({}) within group (order by first_response_seconds) as double precision)"
    day, half, most = query(f"select day, {share.format(0.5)}, {share.format(0.9)} from chats where first_response_seconds is not null and day is not null group by day order by day")
    yield chart(
        "How long visitors wait for the first answer of a human",
        go.Scatter(x=day, y=most, name="9 in 10 wait less", line={"color": LIGHT}),
        go.Scatter(x=day, y=half, name="half wait less", line={"color": BLUE, "width": 3}),
        y="seconds", yaxis_type="log",  # a quiet day has waits of hours
    )

    week, good, bad = query("select cast(date_trunc('week', day) as date), sum(satisfied), sum(1 - satisfied) from chats where satisfied is not null and day is not null group by 1 order by 1")
    good, bad = [int(n) for n in good], [int(n) for n in bad]
    yield chart(
        "How satisfied they are, by week",
        go.Bar(x=week, y=good, name="rated good", marker_color=GREEN, text=[f"{g / (g + b):.0%}" for g, b in zip(good, bad)]),
        go.Bar(x=week, y=bad, name="rated bad", marker_color=RED),
        y="ratings", barmode="stack",
    )

    # Clocks of var('timezone'): the day is made with them, so is the hour.
    weekday, hour, chats = query("select cast(extract(isodow from day) as int), hour, count(*) from chats where hour is not null and day is not null group by 1, 2")
    count = dict(zip(zip(weekday, hour), chats))
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    yield chart(
        "When chats begin",
        go.Heatmap(x=list(range(24)), y=names, z=[[count.get((d, h), 0) for h in range(24)] for d in range(1, 8)], colorscale="Blues", name=""),
        xaxis={"dtick": 2, "title": "hour"}, yaxis={"autorange": "reversed"},
    )

    agent, chats, satisfaction = query("select agent_email, sum(chats), cast(sum(satisfaction * rated) / nullif(sum(rated), 0) as double precision) from agents group by 1 order by 2 desc, 1 limit 15")
    yield chart(
        "Who took part in how many chats, and how those were rated",
        go.Bar(
            y=[html.escape(a) for a in agent], x=chats, orientation="h", name="",
            marker={"color": satisfaction, "colorscale": [[0, RED], [0.5, "#f6d55c"], [1, GREEN]], "cmin": 0, "cmax": 1, "showscale": True, "colorbar": {"title": "good", "tickformat": ".0%"}},
        ),
        xaxis_title="chats", yaxis={"autorange": "reversed", "automargin": True},
    )


def page(query):
    (first,), (last,), (chats,), (missed,) = query("select min(day), max(day), count(case when not missed then 1 end), count(case when missed then 1 end) from chats")
    # The library is in the page: nothing is fetched from anywhere.
    parts = [figure.to_html(full_html=False, include_plotlyjs=n == 0, config={"displayModeBar": False, "responsive": True}) for n, figure in enumerate(charts(query))]
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>LiveChat</title>
<style>body {{ font-family: sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #24292f }} p {{ color: {GREY} }}</style>
<h1>LiveChat</h1><p>{first} to {last}: {chats:,} chats, {missed:,} missed</p>
{"".join(f"<section>{part}</section>" for part in parts)}
</html>
"""


if __name__ == "__main__":
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(page(connect(sys.argv[1])))
