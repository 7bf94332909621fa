// Keeps the page Now true. The server says which parts changed; each is fetched and
// put in its place. Without this the page is the same, and is reloaded by hand.
const head = document.getElementById("fresh");
const root = head.dataset.root;
const quiet = 35000; // two signs of life missed
const waiting = new Set();
let stream, heard = Date.now(), seen = head.querySelector("time").textContent, hidden;

// say shows whether the page is live.
function say(live) {
  head.replaceChildren();
  const bold = document.createElement("b");
  bold.textContent = live ? "Live" : "Not live.";
  const time = document.createElement("time");
  time.textContent = seen;
  if (live) {
    head.append(bold, " as of ", time, " UTC");
    return;
  }
  const again = document.createElement("a");
  again.href = "";
  again.textContent = "Reload";
  head.append(bold, " Last seen ", time, ". Trying again in 5 s. ", again);
}

// busy says whether somebody works in a part: it is left alone until then.
function busy(part) {
  return part.contains(document.activeElement) || [...part.querySelectorAll("details")].some((d) => d.open);
}

async function fetchPart(name) {
  const part = document.getElementById(name);
  if (!part) return;
  if (busy(part)) {
    waiting.add(name);
    return;
  }
  const reply = await fetch(root + "fragment/" + name, { credentials: "same-origin", redirect: "error" });
  if (reply.status === 401) {
    location.reload(); // to the login
    return;
  }
  if (!reply.ok) return;
  const text = await reply.text();
  const made = new DOMParser().parseFromString(text, "text/html").getElementById(name);
  if (!made || busy(part)) {
    if (made) waiting.add(name);
    return;
  }
  const changed = made.textContent !== part.textContent;
  const now = document.importNode(made, true);
  part.replaceWith(now);
  if (changed && name !== "lead") now.classList.add("changed");
  const title = reply.headers.get("Longwatch-Title");
  if (title) document.title = decodeURIComponent(title.replaceAll("+", " "));
  seen = reply.headers.get("Longwatch-At") || seen;
  say(true);
}

function fetchAll(names) {
  for (const name of names) fetchPart(name).catch(() => {});
}

const all = () => [...document.querySelectorAll("main section[id]")].map((s) => s.id);

function listen() {
  stream = new EventSource(root + "events");
  const alive = () => { heard = Date.now(); };
  stream.addEventListener("open", () => { alive(); say(true); fetchAll(all()); });
  stream.addEventListener("alive", alive);
  stream.addEventListener("message", (e) => { alive(); fetchAll(e.data.split(" ").filter(Boolean)); });
  stream.addEventListener("error", () => {
    say(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 60000); // refused: too many, or signed out
  });
}

setInterval(() => {
  if (stream && stream.readyState !== EventSource.CLOSED && Date.now() - heard > quiet) {
    say(false);
    stream.close();
    heard = Date.now();
    listen();
  }
  for (const name of [...waiting]) {
    waiting.delete(name);
    fetchPart(name).catch(() => {});
  }
}, 5000);

document.addEventListener("visibilitychange", () => {
  clearTimeout(hidden);
  if (document.hidden) {
    hidden = setTimeout(() => { stream.close(); stream = undefined; }, 300000);
  } else if (!stream) {
    listen();
  }
});

listen();
