/**
 * The page "Why was this refused?", which is built as one file. With a run in it, it is the file of
 * a saved run.
 */
import { DATA_ELEMENT_ID } from "aauth-explain";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./components/base.css";
import { SavedRunApp } from "./app/saved-run-app.tsx";
import { WhyApp } from "./app/why-app.tsx";
import { sharedColorScheme } from "./components/color-scheme.ts";

document.documentElement.style.colorScheme = sharedColorScheme(document.cookie) ?? "";
const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
const data = document.getElementById(DATA_ELEMENT_ID)?.textContent;
createRoot(root).render(
  <StrictMode>{data === undefined ? <WhyApp /> : <SavedRunApp data={data} />}</StrictMode>,
);
