"""People at the API: they submit jobs, and race each other to answer questions."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.author import PLANS, QUESTIONS, TASK

TIMEOUT = 10.0
PAUSE = 0.05
ANSWERERS = 2
REVISED_ONCE = ("preview", "validate")
CANCELLED = "cancelled"


@dataclass
class Attempt:
    """One POST of an answer. `status` is None if no response came."""

    job_id: str
    round: int
    token: str
    status: int | None


@dataclass
class Submission:
    number: str
    plan: str
    token: str
    job_id: str = ""
    cancelled: bool = False
    revised: dict[str, int] = field(default_factory=dict)


class People:
    """`may_submit` returns how many jobs may have been submitted by now."""

    def __init__(
        self,
        port: int,
        tokens: list[str],
        jobs: list[tuple[str, str]],
        may_submit: Callable[[], int],
    ) -> None:
        self.port = port
        self.tokens = tokens
        self.may_submit = may_submit
        self.attempts: list[Attempt] = []
        self.strange: list[str] = []
        self.submissions = [
            Submission(number, plan, tokens[index % len(tokens)])
            for index, (number, plan) in enumerate(jobs)
        ]
        self.by_id: dict[str, Submission] = {}
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.counter = 0
        loops = [self._submit_all] + [self._answer_all] * ANSWERERS
        self.threads = [threading.Thread(target=each, daemon=True) for each in loops]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(TIMEOUT * 2)

    def ask(
        self, method: str, path: str, token: str, body: Any = None
    ) -> tuple[int | None, Any]:
        """The status and the JSON of the response; (None, None) if the connection
        broke."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", sent, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None, None
        finally:
            connection.close()

    def _submit_all(self) -> None:
        for index, submission in enumerate(self.submissions):
            while index >= self.may_submit() and not self.ended.is_set():
                time.sleep(PAUSE)
            while not self.ended.is_set() and not self._submit(submission):
                time.sleep(PAUSE)

    def _submit(self, submission: Submission) -> bool:
        """Submit; True when it was acknowledged. The idempotency key allows
        repetition."""
        checkpoints = PLANS.get(submission.plan, [])
        body = {
            "task_description": TASK.format(
                number=submission.number, plan=submission.plan
            ),
            "checkpoints": checkpoints,
            "idempotency_key": f"chaos-{submission.number}",
        }
        status, answer = self.ask("POST", "/skills", submission.token, body)
        if status != 202:
            self._note_strange("submit", status, answer, allowed=())
            return False
        submission.job_id = answer["job_id"]
        self.by_id[submission.job_id] = submission
        if submission.plan == CANCELLED:
            self._cancel(submission)
        return True

    def _cancel(self, submission: Submission) -> None:
        """Cancel the job after a time that depends on its number."""
        time.sleep(int(submission.number, 36) % 7 * 0.1)
        path = f"/jobs/{submission.job_id}/cancel"
        while not self.ended.is_set():
            status, answer = self.ask("POST", path, submission.token)
            if status in (200, 409):
                submission.cancelled = True
                return
            self._note_strange("cancel", status, answer, allowed=())
            time.sleep(PAUSE)

    def _answer_all(self) -> None:
        while not self.ended.is_set():
            for token in self.tokens:
                status, waiting = self.ask("GET", "/jobs/pending", token)
                for job in waiting if status == 200 else ():
                    self._answer(job["job_id"], token)
            time.sleep(PAUSE)

    def _answer(self, job_id: str, token: str) -> None:
        status, prompt = self.ask("GET", f"/hitl/{job_id}/prompt", token)
        submission = self.by_id.get(job_id)
        if status != 200 or not prompt["has_prompt"] or submission is None:
            return
        with self.lock:
            self.counter += 1
            mine = f"answer {self.counter}"
            first = submission.revised.setdefault(
                prompt["prompt_type"], prompt["round"]
            )
        is_sent_back = (
            prompt["prompt_type"] in REVISED_ONCE and first == prompt["round"]
        )
        body = {
            "round": prompt["round"],
            "action": "revise" if is_sent_back else "proceed",
            "answers": {q["id"]: mine for q in prompt["data"]["questions"][:QUESTIONS]},
            "feedback": mine,
        }
        status, reply = self.ask("POST", f"/hitl/{job_id}/response", token, body)
        self._note_strange("answer", status, reply, allowed=(200, 409))
        self.attempts.append(Attempt(job_id, prompt["round"], mine, status))

    def _note_strange(
        self, action: str, status: int | None, answer: Any, allowed: tuple[int, ...]
    ) -> None:
        """Note a refusal that no fault explains. A 5xx is explained by a lost
        database."""
        if status and status < 500 and status not in allowed:
            self.strange.append(f"{action}: {status} {answer}")
