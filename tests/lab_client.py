"""Run a notebook through a Jupyter server, as a browser would: ``lab_client.py URL TOKEN PATH``.

It needs only what Jupyter Lab brings; the environment it runs in has nothing of the tests.
"""

import asyncio
import json
import sys
import uuid
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect


async def ask(url, token, method="GET", body=None):
    """Ask the server something and read its answer."""
    headers = {"Authorization": f"token {token}"}
    request = HTTPRequest(url, method, headers, body and json.dumps(body), request_timeout=60)
    return json.loads((await AsyncHTTPClient().fetch(request)).body)


async def run(url, token, path):
    """Open a notebook and run its code cells; return what each gave."""
    notebook = await ask(f"{url}/api/contents/{quote(path)}?content=1", token)
    kernel = await ask(f"{url}/api/kernels", token, "POST", {"name": "python3", "path": path})
    address = f"{url.replace('http', 'ws', 1)}/api/kernels/{kernel['id']}/channels?token={token}"
    socket = await websocket_connect(address)
    session, outcome = uuid.uuid4().hex, []
    for cell in notebook["content"]["cells"]:
        if cell["cell_type"] == "code":
            outcome.append(await execute(socket, session, "".join(cell["source"])))
    socket.close()
    return {"jupyter": (await ask(f"{url}/api", token))["version"], "cells": outcome}


async def execute(socket, session, code):
    """Run one cell; return its outputs by kind, and its error."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
    content |= {"allow_stdin": False, "stop_on_error": True}
    header = {"msg_id": uuid.uuid4().hex, "session": session, "username": "", "version": "5.3"}
    header |= {"msg_type": "execute_request", "date": "2025-01-01T00:00:00Z"}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await socket.write_message(json.dumps(message | {"channel": "shell"}))
    kinds, error = [], ""
    while True:
        told = json.loads(await asyncio.wait_for(socket.read_message(), 300))
        if told["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        kind, content = told["header"]["msg_type"], told["content"]
        if kind in ("execute_result", "display_data"):
            kinds += sorted(content["data"])
        if kind == "error":
            error = f"{content['ename']}: {content['evalue']}"
        if kind == "status" and content["execution_state"] == "idle":
            return {"kinds": kinds, "error": error}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(*sys.argv[1:]))))
