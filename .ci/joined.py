"""Writes the scenarios of a file as one tape: each has its instruments, ids, accounts and time to itself, so that all of
them do what they do alone. Usage: joined.py FILE.tape
"""

import re
import sys

ABOUT_ONE = re.compile(r'\{("op":"(?:new|instrument|status|uncross|book)"|"id":"[^"]*")')
NAME = re.compile(r'("(?:symbol|asset|base)":")(X|Y|Z|A|B|C|ABC)(?=")')
OWNED = re.compile(r'("(?:id|account)":")')
MOMENT = re.compile(r'("(?:ts|expire_at)":)(\d+)')


def says_its_symbol(found):
    said = found.group()
    return said if '"symbol":' in said else ABOUT_ONE.sub(r'{\1,"symbol":"X"', said, count=1)


def own(line, number, begin_ns):
    line = re.sub(r"\{[^{}]*\}", says_its_symbol, line)
    line = NAME.sub(rf"\g<1>\g<2>{number}", line)
    line = OWNED.sub(rf"\g<1>{number}-", line)
    return MOMENT.sub(lambda found: f"{found[1]}{begin_ns + int(found[2])}", line)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        scenarios = file.read().split("\n\n")
    begin_ns = 0
    for number, scenario in enumerate(scenarios):
        print(f'{{"op":"instrument","symbol":"X{number}"}}')
        for line in scenario.splitlines():
            if line.startswith("> "):
                print(own(line[2:], number, begin_ns))
        begin_ns += max((int(found[2]) for found in MOMENT.finditer(scenario)), default=0)
        print(f'{{"op":"instrument","symbol":"X{number}","status":"open"}}')
    print('{"op":"digest"}')


main()
