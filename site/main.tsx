import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/header.css";
import "./styles/grid.css";
import "./styles/panels.css";
import "./styles/chart.css";
import "./styles/notices.css";
import "./styles/popover.css";
import "./styles/forced-colors.css";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
