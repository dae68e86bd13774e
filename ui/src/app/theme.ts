import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const pine: MantineColorsTuple = [
  "#e8f5f1",
  "#d1e9e2",
  "#a4d4c7",
  "#74bfab",
  "#4aac93",
  "#2f9a81",
  "#1f8a72",
  "#137560",
  "#0b5d4d",
  "#06473a",
];

/** Mantine's greys of the dark scheme, tinted like the page. */
const dark: MantineColorsTuple = [
  "#c9d3cf",
  "#b4c0bb",
  "#7f8d88",
  "#65736e",
  "#3a4742",
  "#313d39",
  "#1e2825",
  "#171f1d",
  "#131a18",
  "#101615",
];

export const theme = createTheme({
  primaryColor: "pine",
  primaryShade: { light: 8, dark: 7 },
  colors: { pine, dark },
  defaultRadius: "md",
  cursorType: "pointer",
  // Mantine makes a <header> of a dialog's title, outside of the page's parts: one more banner.
  components: { ModalHeader: { defaultProps: { role: "presentation" } } },
  respectReducedMotion: true,
  fontFamily:
    '"Inter", ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Cascadia Mono", "DejaVu Sans Mono", monospace',
});

/** The page's own colours, beside Mantine's. Text on each surface keeps a contrast of at least 4.5. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f6f7f5",
    "--mantine-color-text": "#1b2422",
    "--mantine-color-default-color": "#1b2422",
    "--surface": "#ffffff",
    "--surface-sunken": "#f1f3f0",
    "--line": "#e1e5e1",
    "--ink-soft": "#5b6763",
    "--accent-ink": "#0b5d4d",
    "--accent-wash": "#e8f5f1",
    "--danger-ink": "#a32626",
    "--mantine-color-error": "#a32626",
    "--danger-wash": "#fdf1f0",
    "--danger-line": "#f0cfcc",
    "--waiting-ink": "#84500a",
    "--waiting-wash": "#fdf5e6",
    "--waiting-line": "#eedcb6",
    "--shadow": "0 1px 2px rgb(20 40 34 / 5%)",
  },
  dark: {
    "--mantine-color-body": "#101615",
    "--mantine-color-text": "#e3e9e6",
    "--mantine-color-default": "#1e2825",
    "--mantine-color-default-hover": "#26322e",
    "--mantine-color-default-border": "#3a4742",
    "--mantine-color-default-color": "#e3e9e6",
    "--surface": "#171f1d",
    "--surface-sunken": "#1e2825",
    "--line": "#2b3632",
    "--ink-soft": "#9aa9a3",
    "--accent-ink": "#74c9b2",
    "--accent-wash": "#16302a",
    "--danger-ink": "#f2a09a",
    "--mantine-color-error": "#f2a09a",
    "--danger-wash": "#2c1a1a",
    "--danger-line": "#553030",
    "--waiting-ink": "#e9bd72",
    "--waiting-wash": "#2b2415",
    "--waiting-line": "#544522",
    "--shadow": "none",
  },
});
