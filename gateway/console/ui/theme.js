// The color theme: light, dark, or that of the system.

const STORED = "ofself.theme";
export const THEMES = ["auto", "light", "dark"];

export function currentTheme() {
  return document.documentElement.dataset.theme ?? "auto";
}

export function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Storage is blocked: it lasts until the page is closed.
  }
}

export function restoreTheme() {
  try {
    const theme = localStorage.getItem(STORED);
    if (THEMES.includes(theme)) setTheme(theme);
  } catch {
    // The theme of the system.
  }
}
