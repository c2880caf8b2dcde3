// Before the first paint, so that a chosen theme does not flash; a file of its own, as the page allows no inline script.
try {
  const theme = localStorage.getItem("freshet.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme it is.
}
