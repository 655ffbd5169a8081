"""The style of the page: light and dark, from a phone to a wide screen."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #17191c; --soft: #5b6470; --line: #dfe3e8;
  --good: #1a7f37; --bad: #c62828; --warn: #9a6700; --blue: #0b63c5; --bar: #4c8bd6; --bar2: #b7c4d3;
  --badtint: #fdecec; --code: #f0f2f5 }
@media (prefers-color-scheme: dark) { :root { --page: #101317; --card: #191d23; --ink: #e9ecef; --soft: #a3adb8;
  --line: #2f363f; --good: #57c776; --bad: #ff8078; --warn: #e2b04a; --blue: #77b3f8; --bar: #4f8fda; --bar2: #4d5865;
  --badtint: #321b1c; --code: #232931 } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 20px 16px 48px }
header { margin: 4px 0 20px }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em }
h2 { font-size: 1.1rem; margin: 0 0 12px }
h1 .badge { font-size: .9rem; vertical-align: .3em; margin-left: 8px; letter-spacing: 0 }
p { margin: 0 0 10px }
.soft { color: var(--soft) }
.badge { display: inline-block; padding: 1px 10px; border-radius: 999px; border: 1px solid currentColor;
  font-weight: 600; font-size: .85rem; white-space: nowrap }
.good { color: var(--good) } .bad { color: var(--bad) } .warn { color: var(--warn) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px; margin: 0 0 16px }
section.failure { background: var(--badtint); border-color: var(--bad) }
.next { font-weight: 600; margin: 12px 0 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 16px }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px }
.tile b { display: block; font-size: 1.25rem; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums }
.tile span { color: var(--soft); font-size: .875rem }
dl { display: grid; grid-template-columns: minmax(120px, 200px) 1fr; gap: 6px 16px; margin: 0 }
dt { color: var(--soft) } dd { margin: 0; min-width: 0 }
.scroll { overflow-x: auto; max-width: 100% }
.scroll.tall { max-height: 480px; overflow-y: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums;
  overflow-wrap: normal }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  white-space: nowrap }
th { color: var(--soft); font-weight: 600; position: sticky; top: 0; background: var(--card) }
td.wide { white-space: normal; min-width: 220px; overflow-wrap: anywhere }
td.number, th.number { text-align: right }
tr:last-child td { border-bottom: 0 }
pre, code { font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre { background: var(--code); border-radius: 8px; padding: 12px; margin: 0; white-space: pre-wrap;
  overflow-wrap: anywhere }
.failure pre { background: transparent; padding: 0 }
details { margin: 12px 0 0 } summary { cursor: pointer; color: var(--blue); padding: 4px 0 }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: 4px }
.times { display: grid; grid-template-columns: minmax(90px, 190px) 1fr minmax(84px, max-content); gap: 5px 12px;
  align-items: center; font-size: .9rem; margin: 0; padding: 0; list-style: none }
.times li { display: contents }
.track { position: relative; height: 14px; background: var(--code); border-radius: 4px; overflow: hidden }
.track i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; background: var(--bar) }
.track i.wait { background: var(--bar2) } .track i.bad { background: var(--bad) }
.track i.before { background: var(--bar2); height: 5px; top: auto }
.times .length { text-align: right; color: var(--soft); white-space: nowrap }
.columns { display: flex; align-items: flex-end; height: 140px; gap: 2px; border-bottom: 1px solid var(--line) }
.columns div { flex: 1; height: 100%; display: flex; align-items: flex-end; gap: 1px; min-width: 0 }
.columns i { flex: 1; background: var(--bar); border-radius: 2px 2px 0 0 } .columns i.before { background: var(--bar2) }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem; margin: 4px 0 8px }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; background: var(--bar);
  margin: 0 6px 0 0 }
.key i.before { background: var(--bar2); margin-left: 16px }
footer { color: var(--soft); font-size: .85rem }
@media (max-width: 520px) { main { padding: 14px 12px 32px } section { padding: 14px } h1 { font-size: 1.4rem }
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin: 0 0 10px }
  .times { grid-template-columns: 1fr minmax(84px, max-content) }
  .times .track { grid-column: 1 / -1; order: 3; margin: 0 0 6px }
  .times li { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1 }
  .tiles { grid-template-columns: 1fr 1fr } .tile b { font-size: 1.1rem } }
@media print { body { background: none } section, .tile { break-inside: avoid } .scroll.tall { max-height: none } }
"""
