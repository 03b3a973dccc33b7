# shellcheck shell=bash
# Sourced: what can be wrong with a file of datfile.py. FILES|MARK[+N]|VALUE|place told|what is said
#
# The place is another mark, empty for the damaged byte itself, - if any will do, or ! where
# the file cannot even be opened and the message tells.
#
# damage_cases: a line for each, FILE|MARK[+N]|VALUE|PLACE|WORDS|! or nothing
damage_cases() {
	_damage_rows | _damage_expand
}

_damage_expand() {
	local files mark value place words f
	while IFS='|' read -r files mark value place words; do
		case $files in
		'' | '#'*) continue ;;
		all) files='7-none-little-events 7-zlib-little-events 6-none-little-events 6-none-big-events' ;;
		v7) files='7-none-little-events 7-zlib-big-events' ;;
		plain) files='7-none-little-events 6-none-big-events' ;;
		none) files='7-none-little-events 7-none-big-events' ;;
		zlib) files='7-zlib-little-events' ;;
		v6) files='6-none-little-events 6-none-big-events' ;;
		esac
		for f in $files; do
			if [ "$place" = ! ]; then
				echo "$f.dat|$mark|$value|-|$words|!"
			else
				echo "$f.dat|$mark|$value|$place|$words|"
			fi
		done
	done
}

_damage_rows() {
	cat << 'E2'
# the initial header
all|magic|hex:18|magic|initial header: the magic
all|magic+5|text:X|magic|initial header: the magic
all|version|text:5||initial header: the version is '5'
v7|version|text:9||initial header: the version is '9'
all|order|hex:02||initial header: the byte order is 2
all|order+1|hex:05||initial header: a long has 5 bytes
all|page|u32:4095||initial header: a page has 4095 bytes
all|page|u32:0||initial header: a page has 0 bytes
v7|compression|text:nOpe||initial header: the compression 'nOpe' is unknown
v7|first|u64:3||initial header: the first options are at offset 3
v7|first|u64:0x7fffffffffffffff||initial header: the first options are at
# sections
v7|section.kallsyms|u16:99||section 99 \(unknown\): there is no such section
v7|section.kallsyms|u16:20|opt.kallsyms|option KALLSYMS: leads to a section of another kind
v7|section.printk+2|u16:0x80||section 20 \(printk\): unknown flags 0x80
v7|section.printk+4|u32:1||section 20 \(printk\): the description is string 1,
v7|section.printk+4|u32:0x10000||section 20 \(printk\): the description is string 65536,
v7|section.printk.size|u64:7|-|section
v7|section.printk.size|u64:0x7fffffffff|section.printk|no section here, behind section 19
v7|section.strings.size|u64:20|-|no section here, behind section 15
none|section.printk+2|u16:1||section 20 \(printk\): is compressed, but the file names no compression
none|strings+7|hex:2020|-|section 17 \(ftrace events\): the description is string 8,
zlib|packed.printk|u32:20||section 20 \(printk\): 20 compressed bytes in a section with room for
zlib|packed.printk+4|u32:20|section.printk|section 20 \(printk\): .*cannot uncompress
zlib|packed.printk+4|u32:0xffffffff|section.printk|section 20 \(printk\): .*too many
zlib|packed.formats+12|hex:ffffffff|section.formats|section 18 \(events format\): .*cannot uncompress
zlib|packed.strings+10|hex:ffffffffff|-|cannot uncompress the section at offset
# the chain of options
v7|opt.kallsyms|u64:100||option KALLSYMS: leads to no section
v7|opt.uname.size|u32:0xfffff|opt.uname.size+-2|the option leaves its section
v7|done.options|u16:78|done.options+14|the section ends without DONE
v7|opt.tsc.size|u32:7||option TSC2NSEC: has 7 bytes, too few
v7|next.options|u64:40||option DONE: more options at offset 40, where none can be read
v7|next.options|u64:0x7fffffffff||option DONE: more options at offset
v7|next.options.inst|u64:99999999||option DONE: more options at offset 99999999
v7|next.options|u64:0|section.top|no option leads to this section 3
v6|opt.uname.size|u32:0xfffff||neither an option that fits
v6|tag.top|text:F|tag.top|options: neither an option that fits into the file nor the data is here
v6|tag.options|text:O|tag.options|options: neither an option that fits into the file nor the data is here
v6|end.options|u16:5|-|option
# options
all|opt.date|text:zz||option DATE: is no number
all|opt.date+8|text:x|opt.date|option DATE: has no end
all|opt.offset|text:x||option OFFSET: is no number
all|opt.clock|text:(|opt.clock|option TRACECLOCK: names no clock
all|opt.hook+21|text:_|opt.hook|option HOOK: is no pair of events
all|opt.uname+21|text:!|opt.uname|option UNAME: has no end
all|opt.cpustat.size|u32:0|-|option CPUSTAT: is empty
all|opt.maps|text:zz||option PROCMAPS: does not begin with a pid
all|opt.maps+3|text:3|opt.maps|option PROCMAPS: has fewer areas than it says
all|opt.maps+3|text:1|opt.maps|option PROCMAPS: has more areas than it says
all|opt.maps+17|text:9|opt.maps|option PROCMAPS: has an area without start and end
all|opt.shift+16|u32:3|opt.shift|option TimeShift: its counts and fractions fit no known layout
all|opt.shift+12|u32:77|opt.shift|option TimeShift: its counts and fractions fit no known layout
all|opt.shift+120|u64:64|opt.shift|option TimeShift: its counts and fractions fit no known layout
all|opt.guest+12|u32:9|opt.guest|option GUEST: its CPUs do not fit its size
all|opt.guest+16|u32:5|opt.guest|option GUEST: .*or the guest doesn't have them
all|opt.tsc+4|u32:33|opt.tsc|option TSC2NSEC: the shift is larger than 32
v7|opt.cpus|u32:0||option CPUCOUNT: is no number of CPUs
v7|opt.top|u64:64||option BUFFER: leads to no section of data
v7|opt.top.page|u32:4095|opt.top|option BUFFER: its page size is impossible
v7|opt.top.page|u32:8192|opt.top|option BUFFER: the top buffer's page size is not that of the header
v7|opt.top.page+4|u32:900|opt.top|option BUFFER: .*its CPUs do not fit its size
v7|opt.inst.cpu1|u32:0|opt.inst|option BUFFER: .*its CPUs do not fit its size or are twice there
v6|opt.inst|u64:100|-|option BUFFER: there is no data of 'inst' here
# metadata
7-none-little-events|header_event|text:H|!|bad header information at offset [0-9]+
v6|header_event|text:H|!|no .header_event. at offset [0-9]+
plain|formats.text1|text:game||format that does not begin with a name
plain|formats.text1+11|text:XX|formats.text1|a format without an id
plain|formats.text1+87|text:l|formats.text1|a format that is none of an event
plain|formats.text1+60|hex:00|formats.text1|a format with a NUL
plain|kallsyms.text+17|text:TT|kallsyms.text|a line that is none
plain|kallsyms.text+16|text:0 T |kallsyms.text|a line that is none
plain|kallsyms.text+40|hex:00|kallsyms.text+40|a NUL within the text
plain|printk.text+35|text:y|-|printk\): a line that is none
none|kallsyms|u32:9999||section 19 \(kallsyms\): a size that leads out of the part
none|kallsyms|u32:25|kallsyms+29|section 19 \(kallsyms\): bytes behind all that belongs here
none|cmdlines|u64:0xffffffffffffffff||section 21 \(command lines\): a size that leads out
none|formats.count|u32:4|-|section 18 \(events format\): a count, name or size that leads out
none|formats.size1|u64:0x7fffffffffffff|-|section 18 \(events format\): a count, name or size that leads out
# tables of CPUs
none|opt.top.offset1|u64:50|-|buffer '', CPU 1:
none|opt.top.offset1|u64:0x7fffffffff000|-|buffer '', CPU 1: needs [0-9]+ bytes, but the file ends at
none|opt.top.length1|u64:100|data1|the last page is cut off
none|opt.top.length1|u64:0x1000000|data1|buffer '', CPU 1: needs 16777216 bytes, but the file ends at
none|opt.inst.length0|u64:0x10000|inst.data1|buffer 'inst', CPU 1: overlaps other data
v6|table.top.offset0|u64:4097|-|does not begin at a multiple of the page size
v6|table.inst.length0|u64:0xffffffffffff|inst.cpu0.page0|buffer 'inst', CPU 0: needs
v6|cpus|u32:99999999|-|table of CPUs: 99999999 CPUs do not fit here
# chunks
zlib|data0|u32:3|-|buffer '', CPU 0: chunk 2 of 3 has impossible sizes
zlib|data0.chunk1|u32:0x7fffff|data0.chunk1|buffer '', CPU 0: chunk 1 of 2 has impossible sizes
zlib|data0.chunk0+4|u32:40961|data0.chunk0|buffer '', CPU 0: chunk 0 of 2 has impossible sizes
zlib|inst.data0.chunk1+4|u32:4096|inst.data0.chunk1+8|buffer 'inst', CPU 0: the chunk cannot be unpacked
zlib|inst.data0.chunk1+30|hex:ffffffff|inst.data0.chunk1+8|buffer 'inst', CPU 0: the chunk cannot be unpacked
zlib|opt.top.length0|u64:3000|data0|buffer '', CPU 0: the chunks have [0-9]+ bytes, but 3000 are announced
# pages and events
plain|cpu0.page3+8|u64:0xffffffff|cpu0.page3+8|buffer '', CPU 0: more data than the page has room for, at byte 8 of page 3
plain|inst.cpu0.page3+8|u64:50|-|buffer 'inst', CPU 0: an event leaves the page, at byte [0-9]+ of page 3
plain|inst.cpu0.page3+8|u64:17|-|buffer 'inst', CPU 0: an entry is cut off, at byte [0-9]+ of page 3
plain|cpu0.page5|u64:5||buffer '', CPU 0: the page is from before the one in front of it, at byte 0 of page 5
plain|cpu0.page2.event1+4|u16:999|cpu0.page2.event1|an event of an id without a format, at byte 32 of page 2
plain|cpu0.page2.event0+4|u16:102|cpu0.page2.event0|an event shorter than its format says, at byte 16 of page 2
plain|cpu0.page2.event1+12|u32:0x10000f|cpu0.page2.event1|an event with a string or array outside of it
plain|cpu0.page2.event3+4|u32:0xfffffff0|cpu0.page2.event3|an event's length is impossible
plain|cpu0.page2.event3+4|u32:3|cpu0.page2.event3|an event's length is impossible
7-none-little-events|cpu1.page0.event4|hex:1c|cpu1.page0.event4|an event leaves the page
6-none-little-events|cpu1.page0.event4|hex:3d|cpu1.page0.event4|a padding's length is impossible
# the text of a latency tracer
7-zlib-little-latency|latency.packed+5|hex:ffffff|-|latency text: cannot be unpacked
7-none-little-latency|section.latency.size|u64:0x7fffffff|section.latency|no section here, behind section 0
E2
}
