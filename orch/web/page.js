// The page's one script: signs in, stays live, and posts what a button asks for.
// Words of agents come as nodes that the server escaped, or by textContent; nothing is evaluated.
"use strict";

const by = (query) => document.querySelector(query);
const said = (text) => { by("#said").textContent = text; };

async function signIn() {
  const token = location.hash.slice(1);
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  const answer = await post("/session", { token });
  if (answer.ok) location.reload();
  else said(answer.error.message);
}

async function post(path, body, isKeyed) {
  const headers = { "Content-Type": "application/json", "X-Orch": "1" };
  if (isKeyed) headers["Idempotency-Key"] = crypto.randomUUID();
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return await answer.json();
  } catch (error) {
    return { ok: false, error: { message: `orch web does not answer: ${error.message}` } };
  }
}

// The page again, as it is now: its nodes take the place of the old ones.
let isDue = false;
let isFetching = false;
async function refresh() {
  if (isFetching) { isDue = true; return; }
  isFetching = true;
  isDue = false;
  try {
    const answer = await fetch(location.pathname);
    if (answer.status === 401) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const opened = [...document.querySelectorAll("details")].map((one) => one.open);
    const log = by("#log");
    const isFollowed = log && log.dataset.followed;
    by("main").replaceChildren(...fresh.querySelector("main").childNodes);
    document.querySelectorAll("details").forEach((one, at) => {
      if (opened[at] !== undefined) one.open = opened[at];
    });
    if (isFollowed && by("#log")) by("#log").replaceWith(log);
  } catch { by("#live").textContent = "not connected"; }
  isFetching = false;
  if (isDue) refresh();
}

function stayLive() {
  let timer = 0;
  const events = new EventSource("/events");
  const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 60); };
  events.addEventListener("open", () => { by("#live").textContent = "live"; });
  events.addEventListener("error", () => { by("#live").textContent = "not connected"; });
  events.addEventListener("message", soon);
  setInterval(refresh, 30000);  // Ages.
}

function field(name, label, isLong) {
  const found = document.createElement("label");
  found.textContent = label;
  const input = document.createElement(isLong ? "textarea" : "input");
  input.name = name;
  input.autocomplete = "off";
  found.append(input);
  return found;
}

let asked = null;
function ask(button) {
  asked = button;
  const dialog = by("#ask");
  dialog.querySelector("h2").textContent = button.textContent;
  dialog.querySelector("button.main").textContent = button.textContent;
  dialog.querySelector("pre").textContent = "$ " + button.dataset.command;
  dialog.querySelector(".wrong").textContent = "";
  dialog.querySelector(".fields").replaceChildren(
    ...JSON.parse(button.dataset.asks).map(([name, label, isLong]) => field(name, label, isLong)));
  dialog.showModal();
}

async function give(event) {
  event.preventDefault();
  const dialog = by("#ask");
  const body = JSON.parse(asked.dataset.given);
  dialog.querySelectorAll("input, textarea").forEach((one) => {
    if (one.value) body[one.name] = one.value;
  });
  const main = dialog.querySelector("button.main");
  main.disabled = true;
  const answer = await post(asked.dataset.path, body, "keyed" in asked.dataset);
  main.disabled = false;
  if (answer.ok) {
    dialog.close();
    said(`done: ${asked.textContent}`);
    setTimeout(() => said(""), 6000);
    refresh();
    return;
  }
  dialog.querySelector(".wrong").textContent = answer.error.message;
  const wantsCode = answer.error.details && answer.error.details.code === "wanted";
  if (wantsCode && !dialog.querySelector("[name=code]")) {
    const code = field("code", "the code that the terminal of orch web shows", false);
    dialog.querySelector(".fields").append(code);
    code.querySelector("input").inputMode = "numeric";
    code.querySelector("input").focus();
  }
}

function follow(button) {
  const log = by("#log");
  log.dataset.followed = "1";
  log.textContent = "";
  button.disabled = true;
  const lines = new EventSource(button.dataset.follow + "?follow=1");
  lines.addEventListener("message", (event) => {
    const line = JSON.parse(event.data);
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(document.createTextNode((line.line ?? JSON.stringify(line)) + "\n"));
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  });
  lines.addEventListener("error", () => lines.close());
}

// Whoever pastes a command into a terminal; where the browser gives no clipboard, it is selected.
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  } catch { getSelection().selectAllChildren(button.previousElementSibling); }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.path) ask(button);
  else if (button.dataset.copy) copy(button);
  else if (button.dataset.follow) follow(button);
  else if ("close" in button.dataset) by("#ask").close();
});
by("#ask form").addEventListener("submit", give);
if (location.hash.length > 1) signIn();
else if (document.body.dataset.page === "page") stayLive();
