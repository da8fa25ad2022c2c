// Keeps the numbers of the Instance Manager fresh: asks for the same page every five seconds and takes over what has
// changed in the parts with data-live. Every page is complete without it.
"use strict";
{
  const EVERY = 5_000;
  const PATIENCE = 15_000; // for one answer
  const SAY_EVERY = 30_000; // a busy server must not talk all the time
  const PAUSED = "manage-paused";
  const byId = (id) => document.getElementById(id);

  /* ── taking over ─────────────────────────────────────────────────────────────────────────────────── */

  const isSame = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

  // What is on the page becomes like what came, node by node: whatever stays is not touched, so that the focus, a
  // selection, the place of a screen reader and an opened part stay where they are.
  function become(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) { old.nodeValue = fresh.nodeValue; }
      return;
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) { old.setAttribute(name, value); }
    }
    for (const { name } of [...old.attributes]) {
      // Whether a part is open is the reader’s choice; what holds the focus goes on holding it.
      if (!fresh.hasAttribute(name) && !["open", "tabindex"].includes(name)) { old.removeAttribute(name); }
    }
    const coming = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
    for (const child of [...old.children]) {
      if (child.id && !coming.has(child.id)) { child.remove(); }
    }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      let match = at && isSame(at, child) ? at : null;
      if (!match && child.id) { match = [...old.children].find((one) => one.id === child.id && isSame(one, child)); }
      if (!match) {
        old.insertBefore(document.importNode(child, true), at);
        continue;
      }
      // Moving it would take the focus from it: rather what lies between goes, which is but the space of rows that left.
      while (at && at !== match && !at.id) {
        const next = at.nextSibling;
        at.remove();
        at = next;
      }
      if (match !== at) { old.insertBefore(match, at); }
      // A form's token changes with every page; the old one stays good.
      if (match.name !== "csrfmiddlewaretoken") { become(match, child); }
      at = match.nextSibling;
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  function takeOver(fresh) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (!other) { continue; }
      const hadFocus = part.contains(document.activeElement);
      become(part, other);
      // What had the focus is gone: stay near it.
      if (hadFocus && !part.contains(document.activeElement)) {
        part.tabIndex = -1;
        part.focus({ preventScroll: true });
      }
    }
  }

  /* ── saying what has changed ─────────────────────────────────────────────────────────────────────── */

  const summary = () => [...document.querySelectorAll("[data-summary]")].map((one) => one.dataset.summary).join(" ");
  let said = summary();
  let saidAt = -SAY_EVERY;

  function say() {
    if (summary() === said || performance.now() - saidAt < SAY_EVERY) { return; }
    said = byId("live-said").textContent = summary();
    saidAt = performance.now();
  }

  /* ── asking ──────────────────────────────────────────────────────────────────────────────────────── */

  let timer = 0;
  let running = null;
  let isOver = false;
  let isPaused = false;

  function tell(text) {
    const note = byId("live-note");
    if (note.textContent !== text) { note.textContent = text; }
  }

  function stop() {
    clearTimeout(timer);
    running?.abort();
    running = null;
  }

  function end(text, link) {
    isOver = true;
    stop();
    byId("live-pause").remove();
    tell(text);
    if (link) {
      const again = document.createElement("a");
      again.href = location.href;
      again.textContent = link;
      byId("live-note").append(" ", again);
    }
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY);
  }

  async function ask() {
    clearTimeout(timer);
    if (isOver || isPaused || document.hidden || running) { return; }
    const asking = running = new AbortController();
    const giveUp = setTimeout(() => asking.abort(), PATIENCE);
    try {
      const response = await fetch(location.pathname + location.search, {
        cache: "no-store", redirect: "manual", signal: asking.signal, headers: { Accept: "text/html" },
      });
      if (response.type === "opaqueredirect" || response.status === 401) {
        return end("You are not signed in any more.", "Sign in");
      }
      if (response.status === 403) { return end("You may not see this page any more."); }
      if (!response.ok) { throw new Error(String(response.status)); }
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (asking !== running) { return; }
      takeOver(fresh);
      say();
      tell("");
    } catch {
      if (asking === running) { tell("The server does not answer. Trying again."); }
    } finally {
      clearTimeout(giveUp);
      if (asking === running) {
        running = null;
        wait();
      }
    }
  }

  function pause(isWanted) {
    isPaused = isWanted;
    byId("live-pause").textContent = isWanted ? "Go on updating" : "Pause updates";
    byId("live-status").classList.toggle("is-paused", isWanted);
    try { sessionStorage.setItem(PAUSED, isWanted ? "1" : ""); } catch { /* not kept, then */ }
    if (isWanted) { stop(); } else { ask(); }
  }

  function begin(status) {
    const note = document.createElement("p");
    note.id = "live-note";
    note.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.id = "live-pause";
    button.className = "button button-quiet button-small";
    button.textContent = "Pause updates";
    button.addEventListener("click", () => pause(!isPaused));
    status.append(note, button);
    status.classList.add("is-live");
    let wasPaused = false;
    try { wasPaused = sessionStorage.getItem(PAUSED) === "1"; } catch { /* no storage, no memory */ }
    document.addEventListener("visibilitychange", ask);
    // What the next page has to say must not be given to a refresh that nobody sees any more.
    addEventListener("submit", stop);
    addEventListener("pagehide", stop);
    addEventListener("pageshow", (event) => { if (event.persisted && !isOver) { ask(); } });
    if (wasPaused) { pause(true); } else { wait(); }
  }

  /* ── accounts are suggested while a login is typed ───────────────────────────────────────────────── */

  function suggest(form) {
    const field = form.querySelector("input[name=login]");
    const list = document.createElement("datalist");
    list.id = "login-suggestions";
    field.after(list);
    field.setAttribute("list", list.id);
    let delay = 0;
    let last = null;
    const look = async () => {
      if (field.value === last) { return; }
      last = field.value;
      const response = await fetch(`${form.dataset.suggest}?term=${encodeURIComponent(last)}`, { redirect: "manual" });
      if (!response.ok) { return; }
      const { results } = await response.json();
      list.replaceChildren(...results.map(({ login, name }) => new Option(name, login)));
    };
    field.addEventListener("input", () => { clearTimeout(delay); delay = setTimeout(look, 200); });
    field.addEventListener("focus", look);
  }

  if (byId("live-status")) { begin(byId("live-status")); }
  document.querySelectorAll("form[data-suggest]").forEach(suggest);
}
