try {
  const given = new URLSearchParams(location.search).get("theme");
  const theme = given ?? localStorage.getItem("freshet.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden.
}
