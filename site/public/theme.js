// Before the first paint, so that a chosen theme does not flash; a file of its own, as the page allows no inline script.
// ?theme=dark|light is for pages that embed a panel: it lasts as long as the page.
try {
  const given = new URLSearchParams(location.search).get("theme");
  const theme = given ?? localStorage.getItem("freshet.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme it is.
}
