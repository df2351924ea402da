"""Renders templates with Jinja2, set up as Hugging Face's transformers sets it up, into goldens.json (python make.py).

The templates are written for these tests, in the constructs that chat templates of published models use.
"""
import json
import pathlib
import random

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception

text = lambda t: {"type": "text", "text": t}
image = {"type": "image"}
plain = [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "  What is it? \n"}, {"role": "assistant", "content": "A <cat>.\n"}, {"role": "user", "content": "Sure? 你好 😀"}]
parts = [{"role": "user", "content": [image, text("Describe it."), image, text("And this.")]}, {"role": "assistant", "content": [text("Two cats.")]}, {"role": "user", "content": [text(" Why? ")]}]
parts_system = [{"role": "system", "content": [text("You guard.")]}] + parts
base = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}

llama3 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system turn comes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- Are there pictures? #}
{%- set image_ns = namespace(has_images=false) %}
{%- for message in messages %}
    {%- for content in message['content'] %}
        {%- if content['type'] == 'image' %}
            {%- set image_ns.has_images = true %}
        {%- endif %}
    {%- endfor %}
{%- endfor %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
        {%- if message['content'] is string %}
            {{- message['content'] | trim}}
        {%- else %}
            {%- for content in message['content'] %}
                {%- if content['type'] == 'image' %}
                    {{- '<|image|>' }}
                {%- elif content['type'] == 'text' %}
                    {{- content['text'] }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One tool call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

qwen_vl = """{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system
You are helpful.<|im_end|>
{% endif %}<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}<|im_end|>
{% else %}{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

qwen3 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

smolvlm = """<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>
{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""

gemma3 = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
"""

llava = """{% for message in messages %}{{'<|im_start|>' + message['role'] + ' '}}{# Pictures first #}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}{# then the words #}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\\n' + content['text'] }}{% endfor %}{{'<|im_end|>'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

mistral = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- for message in loop_messages | rejectattr("role", "equalto", "tool") | rejectattr("role", "equalto", "tool_results") | selectattr("tool_calls", "undefined") %}
    {%- if (message["role"] == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("roles must alternate") }}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
        {%- if (message == user_messages[-1]) %}{{- "!" }}{%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- endif %}
{%- endfor %}
"""

guard = """{% set categories = [["S1", "Violence"], ["S2", "Weapons"]] -%}
{%- macro list(items, mark="-") -%}
{% for item in items %}
{{ mark }} {{ item }}{{ "," if not loop.last }}
{% endfor %}
{%- endmacro -%}
{% for code, name in categories %}
{{ loop.index }}/{{ loop.length }} {{ code }}: {{ name | upper }}.
{% else %}
none
{% endfor %}
{{ list(["a", "b"]) }}
{{ list(["c"], mark="*") }}
{% for x in [] %}{{ x }}{% else %}empty{% endfor %}

{% set block %}
captured {{ 1 + 2 }}
{% endset %}
[{{ block | trim }}]
"""

# Guards of 2026: the structure of their templates (variables, order, marks) in words of our own.
sing_guard = """{%- set chat_template_kwargs = chat_template_kwargs|default({}) -%}
{%- set policy = chat_template_kwargs.get('policy', policy|default(none)) -%}
{%- set thinking_type = chat_template_kwargs.get('thinking_type', thinking_type|default('fast-slow')) -%}
{%- set categories -%}
### A. Things
Things that the sample forbids.
### Safe
Nothing of the kind.
{%- endset -%}
{%- if policy -%}
    {%- if '## Risk Categories' not in policy -%}
        {%- set categories -%}
{{ policy }}
        {%- endset -%}
    {%- else -%}
        {%- set categories = policy -%}
    {%- endif -%}
{%- endif -%}
{%- if messages[0].role == 'system' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set turns = messages -%}
{%- endif -%}
<|im_start|>user
# Task
Sort the conversation.
{% if '## Risk Categories' not in categories %}

## Risk Categories
{% endif %}
{{ categories }}

## Output Format
{% if thinking_type == 'fast' %}
Two lines.
{% elif thinking_type == 'slow' %}
Three steps, then <answer>.
{% else %}
Two lines, or three steps if unsure.
{% endif %}

## User Input
<BEGIN CONVERSATION>
{% for message in turns %}
[{{ message.role }}]: {% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% elif part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif +%}
{% endfor %}
<END CONVERSATION><|im_end|>
{% if add_generation_prompt %}
<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking|default(false) %}
<think>

</think>

{% endif %}
{% endif %}
"""

nemotron = """{{ bos_token }}
{%- set request_categories = request_categories | default('/no_categories') -%}
{%- set enable_thinking = enable_thinking | default(false) -%}
{%- set taxonomy -%}
{%- if custom_taxonomy is defined and custom_taxonomy -%}
{%- if custom_taxonomy is string -%}{{ custom_taxonomy | trim }}{%- else -%}{% for name in custom_taxonomy %}S{{ loop.index }}: {{ name }}{{ '\\n' if not loop.last }}{% endfor %}{%- endif -%}
{%- else -%}
S1: Things
S2: More things
{%- endif -%}
{%- endset -%}
{%- if custom_policy is defined and custom_taxonomy is defined -%}{{ raise_exception('one of custom_policy and custom_taxonomy') }}{%- endif -%}
<start_of_turn>user
Sort it.
{% if custom_policy is defined and custom_policy %}
{{ custom_policy }}
{% else %}

<TAXONOMY>
{{ taxonomy }}
</TAXONOMY>
{% endif %}
{% for message in messages %}{% for item in message['content'] %}{% if item['type'] == 'image' %}<start_of_image>{% else %}{{ item['text'] | trim }}{% endif %}{% endfor %}{% endfor %}
{{- '\\n' + request_categories }}{{ ' /think' if enable_thinking else ' /no_think' }}<end_of_turn>
<start_of_turn>model
"""

shield_gemma = """{{ bos_token }}
{%- for message in messages -%}
    {%- for item in message['content'] -%}
<start_of_turn>user
        {%- if item['type'] == 'image' -%}
            {{ '<start_of_image>' }}
        {%- else -%}
            {{ '\\nRole.\\n\\n' }}
            {{ '<BEGIN>\\n' }}
    {{ item['text'] | trim }}
            {{ '\\n<END>' }}
<end_of_turn>
        {%- endif %}
    {%- endfor %}
{%- endfor %}
<start_of_turn>model
"""

shieldstral = """{#- system, then the turn; of two parts the image first -#}
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {{- '[SYSTEM_PROMPT]' -}}
    {%- if messages[0]['content'] is string %}{{ messages[0]['content'] }}{% else %}{% for block in messages[0]['content'] %}{{ block['text'] }}{% endfor %}{% endif %}
    {{- '[/SYSTEM_PROMPT]' -}}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- for message in loop_messages %}
    {%- if message['role'] == 'user' %}
        {{- '[INST]' }}
        {%- if message['content'] is string %}
            {{- message['content'] }}
        {%- elif message['content'] | length == 2 %}
            {%- for block in message['content'] | sort(attribute='type') %}{{ '[IMG]' if block['type'] == 'image' else block['text'] }}{% endfor %}
        {%- else %}
            {%- for block in message['content'] %}{{ '[IMG]' if block['type'] in ['image', 'image_url'] else block['text'] }}{% endfor %}
        {%- endif %}
        {{- '[/INST]' }}
    {%- elif message['role'] == 'assistant' %}
        {{- message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}
"""

snippets = [
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "  {% if true %}x{% endif %}  \n {{ 1 }} \n",
    "{% if true +%}\nx{% endif %}\n\n",
    "   {%+ if true %}x{% endif %}",
    "a  {#- gone -#}  b {# gone too #}\nc\n{# line #}\nd",
    "\n{%- if true -%}\n\n x \n\n{%- endif -%}\n",
    "x\n\n  {{- 'y' -}}  \n z",
    "{% raw %}{{ not }} {% rendered %}{% endraw %}\nrest",
    "a {%- raw -%}  {{ x }}  {%- endraw -%} b",
    "{{ 'it''s' }}{{ \"a\\tb\\\\c\\u00e9\\x41\\q\" }}",
    "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 1.5 * 2 }} {{ 2 - -3 }}",
    "{{ 1 ~ 2 ~ 'x' ~ none ~ true }}{{ 'a' + 'b' * 3 }}",
    "{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 'a' in 'cat' }} {{ 'x' not in ['y'] }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ none == none }}",
    "{{ not true or true and not false }} {{ '' or 'fallback' }} {{ 'a' and 'b' }} {{ 0 or none }}",
    "{{ 'yes' if 1 else 'no' }}{{ 'x' if false }}{{ 1 if false else 2 if false else 3 }}",
    "{{ [1, 2, 3][1:] | join('-') }} {{ [1, 2, 3][::-1] | join(',') }} {{ 'hello'[1:3] }} {{ 'hello'[::-1] }} {{ 'hello'[-1] }} {{ [1,2,3][-2:] | join }} {{ 'abcdef'[4:1:-2] }} {{ '😀x你'[1] }} {{ '😀x你' | length }}",
    "{{ missing }}|{{ missing is defined }}|{{ missing | default('d') }}|{{ '' | default('e', true) }}|{{ none | default('n') }}|{{ missing | default }}",
    "{{ {'a': 1, 'b': [true, none, 'x\\n\"é<&>']} | tojson }} {{ [] | tojson }} {{ {} | tojson(indent=2) }}",
    "{{ {'a': {'b': [1, 2]}, 'c': []} | tojson(indent=4) }}",
    "{{ {'a': 1}.a }} {{ {'a': 1}['a'] }} {{ {'a': 1}.get('b', 'z') }} {% for k, v in {'x': 1, 'y': 2}.items() %}{{ k }}={{ v }};{% endfor %} {{ {'x': 1} | items | list | tojson }} {{ {'q': 1}.keys() | list | join }} {{ {'q': 5}.values() | join }}",
    "{% for i in range(5) if i % 2 == 0 %}{{ loop.index }}:{{ i }}:{{ loop.previtem if loop.previtem is defined else '-' }}:{{ loop.nextitem is defined }}:{{ loop.revindex }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for i in range(1, 10, 3) %}{% if i == 4 %}{% continue %}{% endif %}{{ i }}{% endfor %}{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + 10 %}{{ x }} {% endfor %}{{ x }}{% if true %}{% set x = 5 %}{% endif %}{{ x }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set n = namespace(v=1, w='q') %}{% for i in [1, 2] %}{% set n.v = n.v * 3 %}{% endfor %}{{ n.v }}{{ n.w }}",
    "{{ '  x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'xxaxx'.rstrip('x') }}|{{ 'a b  c'.split() | tojson }}|{{ 'a,b,,c'.split(',') | tojson }}|{{ 'a,b,c'.split(',', 1) | tojson }}",
    "{{ 'Ab'.upper() }}{{ 'Ab'.lower() }}{{ 'hello wORLD'.title() }}{{ 'hELLO'.capitalize() }}{{ 'aXbX'.replace('X', 'yy') }}{{ 'aXbX' | replace('X', '', 1) }}{{ 'ab'.startswith('a') }}{{ 'ab'.endswith('a') }}",
    "{{ 'x' is string }}{{ 1 is number }}{{ 1 is string }}{{ [] is iterable }}{{ {} is mapping }}{{ 'x' is sequence }}{{ none is none }}{{ true is true }}{{ 1 is true }}{{ 2 is even }}{{ 3 is odd }}{{ 'a' is equalto 'a' }}{{ 'a' is in ['a'] }}{{ x is not defined }}{{ 1 is not none }}{{ true is boolean }}{{ 1.0 is float }}{{ 1 is integer }}",
    "{{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | map(attribute='n') | join('+') }} {{ ['a', 'b'] | map('upper') | list | tojson }} {{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | selectattr('k', 'defined') | map(attribute='n') | first }} {{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | rejectattr('k') | map(attribute='n') | list | last }} {{ [0, 1, 2] | select | list | length }} {{ [1, 2, 3] | select('odd') | join(' ') }} {{ [1, none] | reject('none') | join }}",
    "{{ 'abc' | first }}{{ [1, 2] | last }}{{ 'abc' | list | tojson }}{{ [3, 1] | length }}{{ 5 | string + '!' }}{{ 'x y' | title }}{{ [1, 2] | reverse | join }}{{ '12' | int + 1 }}",
    "{% if a is defined %}1{% elif b is defined %}2{% else %}3{% endif %}{% if (1, 2) == (1, 2) %}t{% endif %}{{ [1, [2, 'x']] == [1, [2, 'x']] }}{{ {'a': 1} == {'a': 1} }}",
    "{{ 'b' \"c\" 'd' }}{{ \"q'\" }}{{ (1, 'x') | join }}{{ () | length }}{{ [1, 2,] | length }}{{ {'a': 1,} | length }}",
    "{%- macro m(a, b='B', c=none) %}({{ a }}{{ b }}{{ c is none }}){% endmacro %}{{ m(1) }}{{ m(1, c=2) }}{{ m(b='x', a='y') }}",
    "{% set s %}{% for i in [1, 2] %}{{ i }}{% endfor %}{% endset %}{{ s }}{{ s | length }}{{ '%d' }}{{ -1 }}{{ - 2 + 3 }}{{ (1 + 2) * 3 }}{{ 1_000 }}",
    "{{ {'a': [1, {'b': 'deep'}]}.a[1].b }}{{ {'a': 1}.b is defined }}{{ 'str'.nothing is defined }}{{ [1].x is undefined }}",
    "{{ 'a' if x is defined and x else 'b' }}{{ messages | length }}{{ messages[-1].role }}{{ messages[0]['content'][0] is string }}",
    "{{ [3, 1, 2] | sort | join }}{{ [{'t': 'b', 'n': 1}, {'t': 'a', 'n': 2}, {'t': 'B', 'n': 3}] | sort(attribute='t') | map(attribute='n') | join }}{{ ['b', 'A', 'a'] | sort(reverse=true) | join }}{{ ', '.join(['a', 'b']) }}{{ 'a\\nb' | indent(2) }}|{{ 'a\\n\\nb' | indent(3, true) }}{{ 'x' | safe }}",
    "{{ {}.get('a', none) is none }}{{ {'a': 1}.get('a', missing | default('d')) }}{{ (missing | default({})).get('k', other | default(none)) }}{{ missing | default({}) | length }}",
    "a\r\nb{% if true %}\r\nc{% endif %}\r\n",
    "{{ 'line\nbreak' }}{{ '{{ x }} %} }}' }}{% if '%}' == \"%}\" %}ok{% endif %}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': {'b': {}}}|length}}",
]

cases = []


def add(name, template, variables):
    cases.append({"name": name, "template": template, "variables": variables, "expected": env.from_string(template).render(**variables)})


for i, snippet in enumerate(snippets):
    add(f"snippet {i}", snippet, {"messages": plain})
for system in (True, False):
    convo, with_parts = plain if system else plain[1:], parts_system if system else parts
    s = "with system" if system else "without system"
    for prompt in (True, False):
        v = dict(base, add_generation_prompt=prompt)
        add(f"llama3 plain {s} {prompt}", llama3, dict(v, messages=convo))
        add(f"qwen3 plain {s} {prompt}", qwen3, dict(v, messages=convo))
        add(f"qwen vl plain {s} {prompt}", qwen_vl, dict(v, messages=convo))
        add(f"qwen vl parts {s} {prompt}", qwen_vl, dict(v, messages=with_parts, add_vision_id=True))
        add(f"gemma plain {s} {prompt}", gemma3, dict(v, messages=convo))
        add(f"gemma parts {s} {prompt}", gemma3, dict(v, messages=with_parts))
        add(f"smolvlm parts {s} {prompt}", smolvlm, dict(v, messages=with_parts))
        add(f"llava parts {s} {prompt}", llava, dict(v, messages=with_parts))
        add(f"mistral plain {s} {prompt}", mistral, dict(v, messages=convo))
add("llama3 parts", llama3, dict(base, messages=parts))
add("llama3 tool", llama3, dict(base, messages=plain[:2] + [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, "é"]}}}]}]))
add("qwen3 thinking", qwen3, dict(base, enable_thinking=False, messages=[plain[1], {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes."}, {"role": "tool", "content": "a"}, {"role": "tool", "content": "b"}]))
add("qwen3 tools", qwen3, dict(base, tools=[{"name": "f", "n": 1.5}], messages=plain))
add("guard", guard, {})

look = [{"role": "user", "content": [image]}]
ask = [{"role": "user", "content": [text("<Document>: "), image]}]
policy = "### A. Teapots\n  - pots for tea\n### Safe\n  - everything else"
for more in ({}, {"policy": policy}, {"policy": policy, "thinking_type": "fast"}, {"chat_template_kwargs": {"policy": policy, "thinking_type": "slow"}},
             {"policy": "## Risk Categories\n" + policy, "thinking_type": "slow"}, {"enable_thinking": False}, {"thinking_type": "fast", "chat_template_kwargs": {}}):
    add("sing-guard", sing_guard, dict(base, messages=look, **more))
add("sing-guard turns", sing_guard, dict(base, messages=parts_system, policy=policy))
for more in ({}, {"custom_policy": "### Policy\nName: Teapots"}, {"custom_taxonomy": ["Teapots", "Kettles"], "request_categories": "/categories"},
             {"custom_taxonomy": "- Teapots (pots)\n\nAllow-list (explicitly permitted even if adjacent to a category above):\n- cups (Teapots)", "request_categories": "/categories"},
             {"custom_taxonomy": " Teapots\nKettles ", "enable_thinking": True}, {"enable_thinking": False, "request_categories": "/no_categories"}):
    add("nemotron", nemotron, dict(base, messages=ask, **more))
add("shield-gemma", shield_gemma, dict(base, messages=[{"role": "user", "content": [image, text(" No teapots. ")]}]))
add("shieldstral", shieldstral, dict(base, messages=[{"role": "system", "content": "Judge."}] + ask))
add("shieldstral three", shieldstral, dict(base, messages=[{"role": "user", "content": ask[0]["content"] + [text(" a teapot")]}]))

# White space around every kind of tag, put together at random by a fixed seed.
roll = random.Random(16)
pieces = ["a", "b\n", "\n", " ", "  \n", "\n  ", "\t", "{{ 'x' }}", "{{- 'y' }}", "{{ 'z' -}}", "{{- 'w\\n' -}}", "{# c #}", "{#- c #}", "{# c -#}", "{#- c +#}", "{#+ c #}",
          "{% set v = 1 %}", "{%- set v = 1 %}", "{% set v = 1 -%}", "{%+ set v = 1 %}", "{% set v = 1 +%}", "{%- set v = 1 -%}",
          "{% raw %} {{ r }} {% endraw %}", "{%- raw -%}\n r \n{%- endraw -%}", "{% raw %}\nr\n{%+ endraw +%}", "{%- raw %}\nr{% endraw -%}"]
blocks = [("{%s if true %s}", "{%s endif %s}"), ("{%s for i in [1, 2] %s}", "{%s endfor %s}"), ("{%s set c %s}", "{%s endset %s}{{ c }}"), ("{%s set c | upper %s}", "{%s endset %s}[{{ c }}]"), ("{%s filter upper %s}", "{%s endfilter %s}")]
tag = lambda form: form.replace("{%s", "{%" + roll.choice(["", "", "-", "+"])).replace("%s}", roll.choice(["", "", "-", "+"]) + "%}")
def piece(depth):
    if depth and roll.random() < 0.3:
        begin, end = roll.choice(blocks)
        return tag(begin) + "".join(piece(depth - 1) for _ in range(roll.randrange(5))) + tag(end)
    return roll.choice(pieces)
while len(cases) < 301:
    try:
        add("white space", "".join(piece(2) for _ in range(roll.randrange(3, 12))), {})
    except jinja2.TemplateSyntaxError:
        pass

pathlib.Path(__file__).with_name("goldens.json").write_text(
    json.dumps({"jinja2": jinja2.__version__, "cases": cases}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
print(len(cases))
