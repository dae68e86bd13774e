/** Accent colours for light and dark mode. From configuration, never from a request. */
export type PageColours = readonly [light: string, dark: string];

/**
 * The style sheet of all pages: light or dark mode by the reader's setting, from 320 px, no
 * external assets.
 */
const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f3f5f9, #0e1320);
  --card: light-dark(#ffffff, #171e2e);
  --line: light-dark(#d5dbe6, #2e384d);
  --field: light-dark(#8a94a6, #66728a);
  --text: light-dark(#172033, #e8ecf5);
  --muted: light-dark(#51607a, #a5b1c7);
  --accent-hover: color-mix(in srgb, var(--accent) 80%, var(--text));
  --on-accent: light-dark(#ffffff, #0e1320);
  --danger: light-dark(#a3161f, #ff9a9f);
  --danger-wash: light-dark(#fdeced, #3a1a20);
  --wash: light-dark(#f3f6fc, #1f2840);
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1rem; display: grid; place-items: center;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main {
  width: 100%; max-width: 27rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-top: .35rem solid var(--accent); border-radius: 1rem;
  box-shadow: 0 1.2rem 3rem rgb(10 20 50 / 12%);
}
.brand { display: flex; align-items: center; gap: .6rem; margin-bottom: 1.5rem; color: var(--accent); font-weight: 600; font-size: .95rem; }
.brand svg { width: 2rem; height: 2rem; flex: none; }
h1 { margin: 0 0 .35rem; font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { margin: 1.4rem 0 .5rem; font-size: .95rem; }
p { margin: 0 0 1rem; }
.lead, .note { color: var(--muted); }
.note { margin: 1.25rem 0 0; font-size: .85rem; }
a { color: var(--accent); font-weight: 600; }
label { display: block; margin: 1rem 0 .35rem; font-weight: 600; font-size: .9rem; }
input:not([type=hidden]), textarea, select {
  width: 100%; padding: .7rem .8rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--field); border-radius: .6rem;
}
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.1rem; }
button {
  flex: 1 1 9rem; min-height: 2.9rem; padding: .6rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .6rem;
}
button:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
button.quiet { color: var(--text); background: transparent; border-color: var(--field); }
button.quiet:hover { background: var(--wash); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert {
  overflow-wrap: anywhere;
  margin: 1rem 0 0; padding: .7rem .9rem; color: var(--danger); background: var(--danger-wash);
  border: 1px solid currentcolor; border-radius: .6rem;
}
dl { margin: 0; padding: .9rem 1rem; background: var(--wash); border-radius: .75rem; }
dt { color: var(--muted); font-size: .8rem; }
dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
dd:last-child { margin-bottom: 0; }
dd small { display: block; color: var(--muted); }
.logo { width: 2rem; height: 2rem; object-fit: contain; vertical-align: middle; background: #fff; border-radius: .3rem; }
code { font: .85em/1.4 ui-monospace, "Cascadia Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; }
.said-by { margin: .6rem 0 0; color: var(--muted); font-size: .85rem; }
ul.scopes { margin: 0; padding: 0; list-style: none; }
ul.scopes li { padding: .65rem 0; border-bottom: 1px solid var(--line); }
ul.scopes li:last-child { border-bottom: 0; }
ul.scopes small { display: block; color: var(--muted); }
ul.scopes code { display: block; color: var(--muted); }
.terms dt { font-weight: 600; }
details { margin: 1.25rem 0 0; font-size: .9rem; }
summary { cursor: pointer; color: var(--muted); }
details dl { margin-top: .6rem; }
.says { margin: 1.1rem 0 0; padding: .1rem 1rem .6rem; border-left: 4px solid var(--accent); overflow-wrap: anywhere; }
.says h2 { margin: .4rem 0 .2rem; }
.says p { margin: .4rem 0; }
.says li small { display: block; color: var(--muted); }
.says.by-agent { border: 1px dashed var(--field); border-radius: .6rem; }
blockquote { margin: .5rem 0; padding: .2rem 0 .2rem .8rem; border-left: 2px dashed var(--field); font-style: italic; white-space: pre-wrap; }
.asked span { color: var(--muted); font-size: .85rem; }
.ask { margin-top: 1.5rem; padding-top: .2rem; border-top: 1px solid var(--line); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.done { margin: 1rem 0; overflow-wrap: anywhere; padding: .7rem .9rem; background: var(--wash); border: 1px solid var(--accent); border-radius: .6rem; }
@media (max-width: 30rem) {
  body { padding: 0; place-items: stretch; }
  main { max-width: none; border-width: .35rem 0 0; border-radius: 0; box-shadow: none; padding: 1.5rem 1.25rem; }
}
`;

/** The style sheet in the colours of the server that shows the pages. */
export const styleOf = ([light, dark]: PageColours): string =>
  `:root { --accent: light-dark(${light}, ${dark}); }${STYLE}`;

/** Logo and favicon: two agents and the server between them. */
export const markOf = ([light]: PageColours): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="${light}"/><path d="M9 21 16 10l7 11" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round"/><circle cx="16" cy="10" r="3.4" fill="#fff"/><g fill="#fff" fill-opacity=".6"><circle cx="9" cy="21" r="3.4"/><circle cx="23" cy="21" r="3.4"/></g></svg>`;
