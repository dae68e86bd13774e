/** The page "Why was this refused?", which is built as one file. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./components/base.css";
import { WhyApp } from "./app/why-app.tsx";
import { sharedColorScheme } from "./components/color-scheme.ts";

document.documentElement.style.colorScheme = sharedColorScheme(document.cookie) ?? "";
const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <WhyApp />
  </StrictMode>,
);
