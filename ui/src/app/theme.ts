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

/** Mantine's greys for the dark scheme, tinted like the page. */
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
  // Mantine renders a dialog's title as a <header>, which would be a second banner landmark.
  components: {
    Modal: {
      defaultProps: { size: "lg", radius: 14, padding: "xl", closeButtonProps: { "aria-label": "Close" } },
    },
    ModalHeader: { defaultProps: { role: "presentation" } },
  },
  respectReducedMotion: true,
  fontFamily: "var(--sans)",
  fontFamilyMonospace: "var(--mono)",
});

/**
 * Maps Mantine's names to the colours of `components/base.css`. Set per scheme like Mantine's own
 * values, which would otherwise take precedence.
 */
const shared = {
  "--mantine-color-body": "var(--ground)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-error": "var(--danger-ink)",
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: shared,
  dark: {
    ...shared,
    "--mantine-color-default": "#1e2825",
    "--mantine-color-default-hover": "#26322e",
    "--mantine-color-default-border": "#3a4742",
  },
});
