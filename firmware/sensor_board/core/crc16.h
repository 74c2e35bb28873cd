/* CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected, no final XOR. */
#ifndef ANDANTE_CRC16_H
#define ANDANTE_CRC16_H

#include <stdint.h>

#define CRC16_START 0xFFFFU

/*
 * One byte more. The check value of "123456789" is 0x29B1 (RevEng, "Catalogue of parametrised CRC
 * algorithms").
 *
 * Without a table: with x the byte to be divided out, the quotient's two overlapping
 * halves fold into x ^ x >> 4, and 0x1021 has its ones at bits 12, 5 and 0.
 */
static inline uint16_t crc16_add(uint16_t crc, uint8_t byte) {
    uint8_t x = (uint8_t)((crc >> 8) ^ byte);
    x = (uint8_t)(x ^ (x >> 4));
    return (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)((uint16_t)x << 12) ^
                      (uint16_t)((uint16_t)x << 5) ^ x);
}

#endif
