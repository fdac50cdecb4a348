"""The backfill as an Airflow DAG: one mapped task for each part."""

import datetime
import pathlib
import sys

from airflow.sdk import dag, task

# Airflow looks for modules in the dags folder, not in the folders in it.
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import livechat  # noqa: E402


@dag(
    schedule=None,  # a backfill is started by hand, with the number of parts
    catchup=False,
    params={"parts": 8},
    tags=["livechat"],
)
def livechat_backfill():
    @task
    def plan(params=None):
        return livechat.parts(params["parts"])

    @task
    def prepare():
        livechat.prepare()

    # LiveChat publishes no rate limit; four parts with the tap's four requests
    # each are gentle. A part that is tried again goes on where it stopped.
    @task(max_active_tis_per_dagrun=4, retries=3, retry_delay=datetime.timedelta(minutes=5))
    def load(part):
        livechat.load(part)

    @task
    def finish(all_parts):
        livechat.finish(all_parts)

    cut = plan()
    prepare() >> load.expand(part=cut) >> finish(cut)


livechat_backfill()
