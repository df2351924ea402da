// Takes the icons that symbols.yaml names out of the npm packages of package.json, and writes them to sets/, one file a set:
//
//     npm install --ignore-scripts && node make.mjs
//
// The result is in the repository; this is for whoever adds a symbol. An id that a set lacks is an error, except among the
// emoji, where each set takes those that it has.
import fs from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';

const here = import.meta.dirname;
const emoji = ['fluent-emoji-flat', 'twemoji', 'noto'];
const others = ['mdi', 'game-icons', 'healthicons', 'simple-icons', 'logos'];
const letters = [...'abcdefghijklmnopqrstuvwxyz'].map(letter => `alpha-${letter}`)
  .concat([...'0123456789'].map(digit => `numeric-${digit}`));

const known = new Set();
const { things } = YAML.parse(fs.readFileSync(path.join(here, 'symbols.yaml'), 'utf8'));
const wanted = new Map([...emoji, ...others].map(set => [set, new Set(set === 'mdi' ? letters : [])]));
for (const thing of things) {
  for (const key of ['emoji', ...others]) {
    for (const id of (thing[key] ?? '').split(' ').filter(Boolean)) {
      // Twemoji validates, and things with a novel category stand in test pictures only.
      const sets = (key === 'emoji' ? emoji : [key]).filter(set => !(set === 'twemoji' && thing.n));
      sets.forEach(set => wanted.get(set).add(id.replace(/[!?]$/, '')));
    }
  }
}

for (const [set, ids] of wanted) {
  const folder = path.join(here, 'node_modules', '@iconify-json', set);
  const source = JSON.parse(fs.readFileSync(path.join(folder, 'icons.json'), 'utf8'));
  const info = JSON.parse(fs.readFileSync(path.join(folder, 'info.json'), 'utf8'));
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const icons = {};
  for (const id of [...ids].sort()) {
    let name = id;
    while (!source.icons[name] && source.aliases?.[name]) {
      const { parent, ...changes } = source.aliases[name];
      if (Object.keys(changes).some(key => key !== 'hidden')) throw new Error(`${set}: ${id} is an alias that turns or moves its parent`);
      name = parent;
    }

    const icon = source.icons[name];
    if (!icon) {
      if (emoji.includes(set)) continue;
      throw new Error(`${set} has no icon ${id}`);
    }

    const { hidden, ...kept } = icon;
    icons[id] = kept;
    known.add(id);
  }

  const { name, author, license } = info;
  const result = { prefix: set, info: { name, version, author, license }, width: source.width, height: source.height, icons };
  const file = path.join(here, 'sets', `${set}.json`);
  fs.writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
  console.log(`${set} ${version}: ${Object.keys(icons).length} icons, ${(fs.statSync(file).size / 1e6).toFixed(2)} MB`);
}

const unknown = [...new Set(emoji.flatMap(set => [...wanted.get(set)]))].filter(id => !known.has(id));
if (unknown.length > 0) throw new Error(`no emoji set has ${unknown.join(', ')}`);
