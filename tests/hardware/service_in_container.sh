# Boots a system with the engine's service in a container, on top of this one, and looks at it.
# Run in a mount namespace of its own: `unshare --mount sh service_in_container.sh PROJECT SITE OUT`.
# Nothing of this machine is changed: every write goes to memory. OUT/look.json gets the findings.
set -e
project=$1 site=$2 out=$3
here=$(dirname "$(readlink -f "$0")")
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/lock /run/layer
mount -t tmpfs none /run/layer
mkdir /run/layer/upper /run/layer/work /run/layer/root
root=/run/layer/root
mount -t overlay none -o lowerdir=/,upperdir=/run/layer/upper,workdir=/run/layer/work $root

mkdir -p $root/boot/firmware
touch $root/boot/firmware/config.txt
cd "$project"
/usr/bin/python3 -m hardware.raspberry_pi install --root $root --model 4
chroot $root systemd-sysusers /etc/sysusers.d/andante.conf
chroot $root systemctl enable andante-engine.service

# In the place of the virtual environment: the engine as it is in the project.
mkdir -p $root/opt/andante/venv/bin
cat > $root/opt/andante/venv/bin/andante <<END
#!/bin/sh
shift
PYTHONPATH=$project/firmware:$site exec /usr/bin/python3 -Bc \
  'from andante.cli_serve import serve; serve()' "\$@"
END
chmod 755 $root/opt/andante/venv/bin/andante

cat > $root/etc/systemd/system/look.target <<END
[Unit]
Requires=basic.target
Wants=andante-engine.service look.service
END
cat > $root/etc/systemd/system/look.service <<END
[Unit]
After=andante-engine.service
[Service]
Type=oneshot
TimeoutStartSec=180
Environment=PYTHONPATH=$project/firmware:$site
ExecStart=/usr/bin/python3 -B $here/service_look.py /out/look.json
ExecStopPost=/bin/systemctl poweroff --force
END
echo uninitialized > $root/etc/machine-id
systemd-nspawn -D $root --register=no --keep-unit --private-network --console=pipe \
  --bind="$out:/out" --boot systemd.unit=look.target < /dev/null
