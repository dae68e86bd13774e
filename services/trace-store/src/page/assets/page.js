import { element } from "./dom.js";
import { searchView } from "./search-view.js";
import { traceView } from "./trace-view.js";

const main = document.getElementById("main");
const openTrace = document.getElementById("open-trace");

openTrace.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = new FormData(openTrace).get("traceID");
  location.assign(`/trace/${encodeURIComponent(String(id).trim())}`);
});

async function view() {
  const [, traceID] = /^\/trace\/([^/]+)$/.exec(location.pathname) ?? [];
  return traceID === undefined
    ? searchView(new URLSearchParams(location.search))
    : traceView(decodeURIComponent(traceID));
}

main.setAttribute("aria-busy", "true");
try {
  main.replaceChildren(await view());
} catch (error) {
  const isUnknown = error.status === 404;
  const heading = isUnknown ? "There is no such trace" : "That did not work";
  document.title = `${heading}: Traces`;
  main.replaceChildren(
    element(
      "div",
      { class: "panel empty", role: "alert" },
      element("h1", {}, heading),
      element("p", {}, isUnknown ? "It never was, or the store has forgotten it." : error.message),
      element("p", {}, element("a", { href: "/" }, "Back to the search")),
    ),
  );
}
main.removeAttribute("aria-busy");
