"""The style of the pages beside the report's (orch/reports/html.py): narrow screens first."""

SHEET = """
nav { display: flex; gap: 16px; align-items: center; padding: 10px 16px; background: var(--box);
  border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 1; }
nav a { color: var(--ink); text-decoration: none; padding: 6px 2px; }
nav a[aria-current] { border-bottom: 2px solid var(--running); }
#live { margin-left: auto; color: var(--muted); font-size: 13px; }
main { padding: 16px; } main a { color: var(--running); }
h1 { overflow-wrap: anywhere; }
.told { font-weight: 400; font-size: 17px; color: var(--blocked); margin-left: 8px; }
.count { color: var(--muted); font-weight: 400; }
.runs { display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); }
.run { background: var(--box); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 14px; text-decoration: none; display: grid; gap: 4px; color: var(--ink); }
main a.run { color: var(--ink); } .run .tag { justify-self: start; }
.run span { font-size: 13px; overflow-wrap: anywhere; }
progress { width: 100%; height: 8px; accent-color: var(--done); }
.rows { list-style: none; margin: 0; padding: 0; }
.row { display: grid; gap: 4px 10px; border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 12px; margin: 8px 0; grid-template-columns: 18px 1fr auto;
  grid-template-areas: "sign name age" "what what what" "text text text" "line line line"
  "after after after" "buttons buttons buttons"; }
.sign { grid-area: sign; text-align: center; } .name { grid-area: name; font-weight: 600;
  overflow-wrap: anywhere; }
.row .what { grid-area: what; } .row .text { grid-area: text; overflow-wrap: anywhere; }
.row time { grid-area: age; color: var(--muted); font-size: 13px; }
.row .line { grid-area: line; color: var(--muted); overflow-wrap: anywhere; font-size: 13px; }
.why { font-size: 13px; } button.copy { min-height: 26px; padding: 0 8px; font-size: 12px;
  color: var(--muted); background: none; }
.story { list-style: none; padding: 8px 12px; margin: 6px 0; background: var(--box);
  font-size: 14px; border: 1px solid var(--line); border-radius: 6px; max-height: 60vh;
  overflow-y: auto; }
.story time { color: var(--muted); font-size: 13px; } .story b { font-weight: 600; }
h3 { font-size: 15px; margin: 18px 0 4px; }
.row .buttons { grid-area: buttons; } .row .after { grid-area: after; }
.after { font-weight: 600; } .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
.c-red { border-left: 4px solid var(--failed); }
.c-yellow { border-left: 4px solid var(--blocked); }
.c-green { border-left: 4px solid var(--done); } .c-blue { border-left: 4px solid var(--running); }
.c-magenta { border-left: 4px solid var(--verifying); }
.c-cyan { border-left: 4px solid var(--ready); }
button { font: inherit; font-size: 14px; min-height: 36px; padding: 4px 14px; border-radius: 6px;
  border: 1px solid var(--line); background: var(--box); color: var(--ink); cursor: pointer; }
button.main { background: var(--running); color: var(--paper); border-color: var(--running); }
button:focus-visible, a:focus-visible, input:focus-visible, textarea:focus-visible {
  outline: 2px solid var(--running); outline-offset: 2px; }
.plus { color: var(--done); } .minus { color: var(--failed); } .hunk { color: var(--verifying); }
pre { overflow-x: auto; } pre.diff { white-space: pre; }
#log { max-height: 60vh; overflow-y: auto; }
main > .buttons { margin: 4px 0 14px; }
details { margin: 12px 0; } summary { cursor: pointer; padding: 6px 0; }
.facts { display: flex; flex-wrap: wrap; gap: 6px 24px; } .facts dt { color: var(--muted);
  font-size: 13px; } .facts dd { margin: 0; overflow-wrap: anywhere; }
#said { position: fixed; left: 16px; right: 16px; bottom: 12px; margin: 0 auto; max-width: 720px;
  padding: 10px 14px; border-radius: 8px; background: var(--ink); color: var(--paper);
  overflow-wrap: anywhere; }
#said:empty { display: none; }
dialog { border: 1px solid var(--line); border-radius: 10px; background: var(--paper);
  color: var(--ink); width: min(560px, calc(100vw - 32px)); box-sizing: border-box; }
dialog h2 { margin: 0 0 8px; } dialog label { display: block; margin: 10px 0 4px; }
dialog input, dialog textarea { font: inherit; width: 100%; box-sizing: border-box; padding: 8px;
  border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: var(--ink); }
dialog textarea { min-height: 110px; } .wrong { color: var(--failed); }
@media (min-width: 700px) {
  .row { grid-template-columns: 18px minmax(120px, 200px) minmax(90px, 150px) 1fr auto;
    grid-template-areas: "sign name what text age" ". line line line line"
    ". after after after after" ". buttons buttons buttons buttons"; }
}
"""
