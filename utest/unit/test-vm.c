/*
 * test-vm.c - what command lines, libvirt's files, threads and GUEST arguments say of machines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "session/vm-parse.h"
#include "session/vm.h"

static void command_lines_tell_name_and_cid(void **state)
{
	static const struct { const char *line, *name; int64_t cid; } cases[] = {
		{ "qemu-system-x86_64|-name|g1|-device|vhost-vsock-pci,guest-cid=5", "g1", 5 },
		{ "/usr/bin/qemu-kvm|-name|guest=web,debug-threads=on|-device|vhost-vsock-pci,id=v,guest-cid=17,x=1",
		  "web", 17 },
		{ "/usr/bin/qemu-system-x86_64|-name|guest=j,debug-threads=on|-device|"
		  "{\"driver\":\"vhost-vsock-pci\",\"id\":\"vsock0\",\"guest-cid\":42,\"vhostfd\":\"30\"}", "j", 42 },
		{ "qemu|--name|process=p,guest=late|-device|{\"guest-cid\": 7}", "late", 7 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=3", "", 3 },
		{ "qemu|-name|alone", "alone", -1 },
		{ "qemu|-name", "", -1 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=x", "", -1 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=4294967294", "", 4294967294 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=4294967295", "", -1 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=4294967299", "", -1 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=99999999999999999999999", "", -1 },
		{ "qemu|-append|about \"guest-cid\":9", "", -1 },
		{ "/opt/crosvm|run|--cid|8|--name|c1|k", "c1", 8 },
		{ "crosvm|run|--vsock=cid=9,device=/dev/vhost-vsock|--name=c2", "c2", 9 },
		{ "crosvm|run|--vsock|10", "", 10 },
		{ "/usr/bin/firecracker|--id|fc-1|--api-sock|/run/x", "fc-1", -1 },
		{ "other|--id|12|--cid|4", "", -1 },
		{ "", "", -1 },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = BUF_INIT;
		struct vm vm = { .pid = 77, .cid = 1 };

		buf_add_cstr(&b, cases[i].line);
		for (k = 0; k < b.len; k++)
			b.data[k] = b.data[k] == '|' ? 0 : b.data[k];
		vm_parse_cmdline(&b, &vm);
		assert_string_equal(vm.name, cases[i].name);
		assert_int_equal(vm.cid, cases[i].cid);
		assert_int_equal(vm.pid, 77);
		buf_release(&b);
	}
}

static void names_that_are_too_long_are_cut(void **state)
{
	struct buf b = BUF_INIT;
	struct vm vm;
	int i;

	(void)state;
	buf_add_cstr(&b, "qemu");
	buf_add_cstr(&b, "-name");
	for (i = 0; i < 100; i++)
		buf_add_str(&b, "abcdefgh");
	buf_add(&b, "", 1);
	vm_parse_cmdline(&b, &vm);
	assert_int_equal(strlen(vm.name), sizeof(vm.name) - 1);
	buf_release(&b);
}

static void libvirt_tells_name_pid_and_cid(void **state)
{
	static const char whole[] =
		"<!-- x -->\n<domstatus state='running' reason='booted' pid='4242'>\n  <taint flag='a'/>\n"
		"  <domain type='kvm' id='1'>\n    <name>a &amp; b&lt;c</name>\n    <devices>\n"
		"      <vsock model='virtio'>\n        <cid auto='yes' address='19'/>\n      </vsock>\n";
	struct vm vm;

	(void)state;
	assert_true(vm_parse_libvirt(whole, &vm));
	assert_string_equal(vm.name, "a & b<c");
	assert_int_equal(vm.pid, 4242);
	assert_int_equal(vm.cid, 19);
	assert_true(vm_parse_libvirt("<domstatus pid=\"5\"><domain id='1'><name>n</name>", &vm));
	assert_int_equal(vm.cid, -1);
	assert_false(vm_parse_libvirt("<domain type='kvm'><name>off</name></domain>", &vm));
	assert_false(vm_parse_libvirt("<domstatus state='x'><domain id='1'><name>n</name>", &vm));
	assert_false(vm_parse_libvirt("<domstatus pid='0'><domain id='1'><name>n</name>", &vm));
	assert_false(vm_parse_libvirt("<domstatus pid='5'><domain id='1'>", &vm));
	assert_false(vm_parse_libvirt("", &vm));
}

/* Cut off anywhere: no reading beyond, which the sanitizers watch. */
static void what_is_cut_off_is_survived(void **state)
{
	static const char whole[] =
		"<domstatus pid='4242'><domain id='1'><name>n&amp;</name><vsock><cid address='19'/></vsock>";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole); len++) {
		char *part = strndup(whole, len);
		struct vm vm;

		assert_non_null(part);
		if (vm_parse_libvirt(part, &vm))
			assert_int_equal(vm.pid, 4242);
		free(part);
	}
}

static void threads_tell_their_vcpu(void **state)
{
	static const struct { const char *comm; int vcpu; } cases[] = {
		{ "CPU 0/KVM\n", 0 }, { "CPU 13/KVM", 13 }, { "CPU 1/TCG", -1 }, { "CPU x/KVM", -1 },
		{ "fc_vcpu 3\n", 3 }, { "crosvm_vcpu2\n", 2 }, { "vcpu1\n", 1 }, { "vcpu1x", -1 },
		{ "CPU -1/KVM", -1 }, { "vcpu", -1 }, { "", -1 }, { "vcpu99999999999", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(vm_parse_vcpu(cases[i].comm), cases[i].vcpu);
}

static void arguments_tell_where_a_guest_is(void **state)
{
	static const struct { const char *where, *name, *host; enum net_kind kind; uint32_t cid, port; } cases[] = {
		{ "3", NULL, "", NET_VSOCK, 3, 823 },
		{ "3:5", NULL, "", NET_VSOCK, 3, 5 },
		{ "web@3:5", "web", "", NET_VSOCK, 3, 5 },
		{ "10.0.0.1:5", "10.0.0.1", "10.0.0.1", NET_TCP, 0, 5 },
		{ "[::1]:5", "__1", "::1", NET_TCP, 0, 5 },
		{ "[fe80::2%eth0]", "fe80__2_eth0", "fe80::2%eth0", NET_TCP, 0, 823 },
		{ "unix:/run/fc/v.sock", "v", "/run/fc/v.sock", NET_MUXER, 0, 823 },
		{ "unix:/run/fc/v.sock:99", "v", "/run/fc/v.sock", NET_MUXER, 0, 99 },
		{ "unix:/run/a:b/v", "v", "/run/a:b/v", NET_MUXER, 0, 823 },
		{ "unix:.hidden", "_hidden", ".hidden", NET_MUXER, 0, 823 },
		{ "fc 1@unix:v.sock:4294967295", "fc_1", "v.sock", NET_MUXER, 0, 4294967295u },
		{ "@unix:v", "v", "v", NET_MUXER, 0, 823 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_addr a;
		char *name = NULL;

		assert_int_equal(vm_resolve(cases[i].where, &a, &name, NULL), 0);
		assert_int_equal(a.kind, cases[i].kind);
		assert_int_equal(a.port, cases[i].port);
		if (a.kind == NET_VSOCK)
			assert_int_equal(a.cid, cases[i].cid);
		else
			assert_string_equal(a.host, cases[i].host);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		free(name);
	}
}

static void arguments_that_mean_nothing_are_refused(void **state)
{
	static const char *const cases[] = {
		"", ":", "[]", "[]:5", "[::1]x", "[::1]:x", "[::1]:", "3:0", "3:x", "web@", "web@x", "unix:", "unix:/run/", "99999999999",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { 0 };
		struct net_addr a;
		char *name = NULL;

		assert_true(vm_resolve(cases[i], &a, &name, &err) < 0);
		assert_true(err.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines_tell_name_and_cid),
		cmocka_unit_test(names_that_are_too_long_are_cut),
		cmocka_unit_test(libvirt_tells_name_pid_and_cid),
		cmocka_unit_test(what_is_cut_off_is_survived),
		cmocka_unit_test(threads_tell_their_vcpu),
		cmocka_unit_test(arguments_tell_where_a_guest_is),
		cmocka_unit_test(arguments_that_mean_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
