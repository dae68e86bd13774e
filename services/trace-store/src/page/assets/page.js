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
  main.replaceChildren(
    element(
      "div",
      { class: "panel empty", role: "alert" },
      element("h1", {}, "That did not work"),
      element("p", {}, error.message),
      element("p", {}, element("a", { href: "/" }, "Back to the search")),
    ),
  );
}
main.removeAttribute("aria-busy");
