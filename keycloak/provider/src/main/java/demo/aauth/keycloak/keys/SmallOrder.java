package demo.aauth.keycloak.keys;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Points of order 1, 2, 4 and 8 on edwards25519. With such a "public key" one signature can verify
 * for many messages, and the JDK does not refuse it.
 */
final class SmallOrder {

    /**
     * Their encodings with the sign bit cleared, non-canonical ones included (RFC 8032 section
     * 5.1).
     */
    private static final List<byte[]> ENCODINGS = List.of(
            hex("00" + "00".repeat(31)),
            hex("01" + "00".repeat(31)),
            hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            hex("ec" + "ff".repeat(30) + "7f"),
            hex("ed" + "ff".repeat(30) + "7f"),
            hex("ee" + "ff".repeat(30) + "7f"));

    private SmallOrder() {
    }

    /** @param publicKey 32 bytes */
    static boolean contains(byte[] publicKey) {
        byte[] y = publicKey.clone();
        y[31] &= 0x7f;
        return ENCODINGS.stream().anyMatch(encoding -> Arrays.equals(encoding, y));
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
