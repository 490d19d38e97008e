"""The page itself, a marimo app: it lays out controls and results, and nothing else.

marimo reads this file as cells: each is a function whose arguments are names that other cells
define, run again when one of these changes.  A visitor has a copy of all of them.
Called by `server`, which is the only one to import marimo.
"""

import marimo

app = marimo.App(width="full", app_title="koubei: a live pyramid")


@app.cell
def _():
    import marimo as mo

    from koubei_sim.app import layout
    from koubei_sim.app.desk import Desk
    from koubei_sim.app.opening import opening

    desk = Desk()
    visitor = layout.Visitor(opening())
    get_turn, set_turn = mo.state(0)
    return desk, get_turn, layout, mo, set_turn, visitor


@app.cell
def _(layout, mo, visitor):
    language, preset, upload = layout.choices(mo, visitor)
    return language, preset, upload


@app.cell
def _(language, preset, upload, visitor):
    lang = language.value
    refusal = visitor.choose(preset.value, upload.value)
    source = visitor.source
    return lang, refusal, source


@app.cell
def _(lang, layout, mo, set_turn, visitor):
    # Apart from the levers: what a cell sets does not make that cell run again.
    pressed = layout.buttons(mo, visitor, set_turn, lang)
    return (pressed,)


@app.cell
def _(get_turn, lang, layout, mo, source, visitor):
    get_turn()  # a design was kept, or taken back: the levers are set anew
    sliders, off = layout.levers(mo, visitor, source, lang)
    drawn = [sliders, off]
    return drawn, off, sliders


@app.cell
def _(lang, layout, mo, source, visitor):
    size = layout.sizes(mo, visitor, source, lang)
    drawn_size = [size]
    return drawn_size, size


@app.cell
def _(drawn, drawn_size, lang, language, layout, mo, preset, pressed, source, upload):
    # Not by the names of the controls: who moves one would have all of them sent anew.
    layout.sidebar(mo, lang, source, (language, preset, upload), *drawn, *drawn_size, pressed)


@app.cell
def _(layout, off, size, sliders, source, visitor):
    settings, mistake = layout.read(visitor, source, sliders.value, off.value, size.value)
    return mistake, settings


@app.cell
def _(desk, lang, layout, mistake, mo, refusal, settings, visitor):
    layout.answer(mo, desk, visitor, settings, refusal or mistake, lang)


@app.cell
def _(desk, lang, layout, mo, settings):
    layout.downloads(mo, desk, settings, lang)


if __name__ == "__main__":
    app.run()
