// Shows the page as it is now, part by part: one that has the focus, or an open fold,
// stays until it has none.
const parts = ["fresh", "verdict", "open", "modes", "told"];
async function again() {
  try {
    if (document.hidden) return;
    const reply = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    document.title = page.title;
    for (const id of parts) {
      const old = document.getElementById(id), now = page.getElementById(id);
      const busy = old.contains(document.activeElement) || old.querySelector("details[open]");
      if (!busy && old.innerHTML !== now.innerHTML) old.replaceWith(document.adoptNode(now));
    }
  } catch {
    document.getElementById("fresh").textContent = "Not live. Trying again.";
  } finally {
    setTimeout(again, 2000);
  }
}
setTimeout(again, 2000);
