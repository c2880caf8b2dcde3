interface PanelNoteProps {
  tone: "error" | "empty";
  title: string;
  text: string;
}

/** What is to be known of a panel where there is nothing to draw. */
export function PanelNote({ tone, title, text }: PanelNoteProps) {
  return (
    <div class={`panel-note panel-note-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <p class="panel-note-title">{title}</p>
      <p class="panel-note-text">{text}</p>
    </div>
  );
}
