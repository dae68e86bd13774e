/** The comparison page, the third entry point of the build. */
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./components/base.css";
import "./app/mantine-styles.ts";
import "./app/app.css";
import { CompareApp } from "./app/compare-app.tsx";
import { cssVariables, theme } from "./app/theme.ts";
import { SectionReader } from "./components/section-links.tsx";
import { SectionText } from "./components/section-text.tsx";

const root = document.getElementById("root");
if (!root) throw new Error("compare.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <SectionReader value={SectionText}>
        <CompareApp />
      </SectionReader>
    </MantineProvider>
  </StrictMode>,
);
