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
 * Mantine's names for colours of `components/base.css`. By scheme, as Mantine's own values are,
 * which would win otherwise.
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
